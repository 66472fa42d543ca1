import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import { documentFromEnvironment, loadDocuments } from '../../src/document/load-documents.ts'
import { PullpassError } from '../../src/errors/pullpass-error.ts'
import { vendors } from '../../src/vendors/vendors.ts'

const fromEnvironment = (environment: Record<string, string | undefined>) =>
  documentFromEnvironment(environment, vendors)

const variables = {
  PROJECT_NUMBER: '123456789012',
  POOL_ID: 'pool',
  PROVIDER_ID: 'gardener',
  SERVICE_ACCOUNT_EMAIL: 'puller@project.iam.gserviceaccount.com',
  REGISTRY_SECRET_NAME: 'regcred',
  REGISTRY_SECRET_NAMESPACES: 'default,team-a',
}

async function refused(environment: Record<string, string | undefined>): Promise<PullpassError> {
  const fault: unknown = await fromEnvironment(environment).catch((error: unknown) => error)
  assert.ok(fault instanceof PullpassError)
  return fault
}

suite('the drop-in variables', () => {
  test('describe one ClusterPullSecret, named after its Secret', async () => {
    assert.deepEqual(await fromEnvironment(variables), {
      kind: 'ClusterPullSecret',
      name: 'regcred',
      source: 'the environment',
      secretName: 'regcred',
      namespaces: { include: ['default', 'team-a'] },
      registries: [
        {
          name: 'google',
          hosts: ['europe-docker.pkg.dev'],
          vendor: 'gcp',
          settings: {
            workloadIdentityProvider:
              'projects/123456789012/locations/global/workloadIdentityPools/pool/providers/gardener',
            serviceAccountEmail: 'puller@project.iam.gserviceaccount.com',
          },
        },
      ],
      attachToServiceAccounts: [],
      stuckPods: 'Ignore',
      conflictPolicy: 'Refuse',
      deletionPolicy: 'Retain',
    })
  })

  test('REGISTRY_HOSTS replaces the default host', async () => {
    const { registries } = await fromEnvironment({ ...variables, REGISTRY_HOSTS: 'us-docker.pkg.dev, gcr.io' })
    assert.deepEqual(registries[0]?.hosts, ['us-docker.pkg.dev', 'gcr.io'])
  })

  test('spaces, line ends, repeated names and a comma at the end do not matter', async () => {
    const document = await fromEnvironment({
      ...variables,
      PROJECT_NUMBER: '123456789012\n',
      REGISTRY_SECRET_NAMESPACES: ' default, team-a,\nteam-a, ',
    })
    assert.deepEqual(document.namespaces, { include: ['default', 'team-a'] })
    assert.match(JSON.stringify(document.registries), /"projects\/123456789012\/locations/)
  })

  test('without variables, the error names both forms of a document', async () => {
    const context = { environment: { PATH: '/usr/bin' }, readInput: async () => '', vendors }
    const error: unknown = await loadDocuments([], context).catch((fault: unknown) => fault)
    assert.ok(error instanceof PullpassError)
    assert.equal(error.code, 'USAGE_INVALID')
    assert.equal(error.seen, 'no document is configured')
    assert.equal(
      error.expected,
      '-f FILE, or the variables PROJECT_NUMBER, POOL_ID, PROVIDER_ID, SERVICE_ACCOUNT_EMAIL, REGISTRY_SECRET_NAME, REGISTRY_SECRET_NAMESPACES',
    )
  })

  test('all problems are reported together, the first in the first line', async () => {
    const error = await refused({
      ...variables,
      POOL_ID: undefined,
      REGISTRY_SECRET_NAME: 'Reg',
      REGISTRY_HOSTS: 'a?b',
    })
    assert.equal(
      error.message,
      `VARIABLE_INVALID (document): variable POOL_ID is not set
  expected the pool's id: 4 to 32 lower-case letters, digits and "-"
  also variable REGISTRY_SECRET_NAME is "Reg", expected lower-case letters, digits, "-" and ".", each part beginning and ending with a letter or digit
  also variable REGISTRY_HOSTS contains "a?b", expected the host without a query: a`,
    )
  })

  const wrong: Record<string, [Record<string, string | undefined>, seen: string, expected: RegExp]> = {
    'an empty e-mail is an error, never direct federation': [
      { SERVICE_ACCOUNT_EMAIL: '' },
      'variable SERVICE_ACCOUNT_EMAIL is empty',
      /^a service account's e-mail address, such as puller@/,
    ],
    "a person's e-mail": [
      { SERVICE_ACCOUNT_EMAIL: 'jo@example.com' },
      'variable SERVICE_ACCOUNT_EMAIL is "jo@example.com"',
      /^a service account's e-mail address/,
    ],
    'a project id instead of its number': [
      { PROJECT_NUMBER: 'my-project-1' },
      'variable PROJECT_NUMBER is "my-project-1"',
      /^the project's number, not its id: gcloud projects describe my-project-1 --format="value\(projectNumber\)"$/,
    ],
    'a resource name instead of an id': [
      { PROVIDER_ID: 'projects/1/locations/global/workloadIdentityPools/pool/providers/gardener' },
      'variable PROVIDER_ID is "projects/1/locations/global/workloadIdentityPools/pool/providers/gardener"',
      /^only the provider's id, the last part of its resource name$/,
    ],
    'a namespace that cannot exist': [
      { REGISTRY_SECRET_NAMESPACES: 'default,Team_A' },
      'variable REGISTRY_SECRET_NAMESPACES contains "Team_A"',
      /^a namespace, or a glob/,
    ],
    'a glob of system namespaces': [
      { REGISTRY_SECRET_NAMESPACES: 'kube-*' },
      'variable REGISTRY_SECRET_NAMESPACES contains "kube-*"',
      /^the exact name: a glob does not select namespaces kube-\*$/,
    ],
    'only commas': [
      { REGISTRY_SECRET_NAMESPACES: ' , ' },
      'variable REGISTRY_SECRET_NAMESPACES contains only commas',
      /^a namespace/,
    ],
    'no host': [{ REGISTRY_HOSTS: ' ' }, 'variable REGISTRY_HOSTS is empty', /^host\[:port\]/],
    'a host with a scheme': [
      { REGISTRY_HOSTS: 'https://europe-docker.pkg.dev' },
      'variable REGISTRY_HOSTS contains "https://europe-docker.pkg.dev"',
      /^the host without a scheme: europe-docker\.pkg\.dev$/,
    ],
    'a token in a wrong variable is not shown': [
      { POOL_ID: 'eyJhbGciOiJSUzI1NiIsImtpZCI6IjEifQ.e30.c2ln' },
      'variable POOL_ID is a text that looks like a credential, not shown',
      /^the pool's id/,
    ],
  }
  for (const [title, [change, seen, expected]] of Object.entries(wrong)) {
    test(`refused: ${title}`, async () => {
      const error = await refused({ ...variables, ...change })
      assert.equal(error.code, 'VARIABLE_INVALID')
      assert.equal(error.seen, seen)
      assert.match(error.expected ?? '', expected)
    })
  }
})
