import assert from 'node:assert/strict'
import { readdir, readFile } from 'node:fs/promises'
import { suite, test } from 'node:test'
import { parse, parseAllDocuments } from 'yaml'
import { createMovableClock } from '../../sandbox/start/movable-clock.ts'
import { issuerAccountPolicies } from '../../src/manifests/policies/account-policies.ts'
import { documentText } from '../support/document-text.ts'
import { runPullpass } from '../support/run-pullpass.ts'

interface Manifest {
  readonly kind: string
  readonly metadata: { readonly name: string; readonly namespace?: string }
  readonly spec?: Spec
}

/** As far as the test reads it. */
interface Spec {
  readonly failurePolicy?: string
  readonly policyName?: string
  readonly validationActions?: readonly string[]
  readonly matchConditions?: readonly { readonly expression: string }[]
  readonly matchConstraints?: {
    readonly resourceRules: readonly {
      readonly apiGroups: readonly string[]
      readonly operations: readonly string[]
      readonly resources: readonly string[]
    }[]
    readonly [other: string]: unknown
  }
  readonly validations?: readonly { readonly expression: string; readonly message: string }[]
  readonly template?: { readonly spec: { readonly serviceAccountName?: string } }
  readonly jobTemplate?: {
    readonly spec: { readonly template: { readonly spec: { readonly serviceAccountName?: string } } }
  }
}

const provider = 'projects/123456789012/locations/global/workloadIdentityPools/pool/providers/cluster'
const documents = {
  'a document': documentText({ gcp: { provider } }),
  'a document that requests tokens': documentText(
    { gcp: { provider } },
    { more: '  serviceAccountRef: {namespace: image-system, name: puller}' },
  ),
  'a document that attaches': documentText({ gcp: { provider } }, { more: '  attachToServiceAccounts: [default]' }),
  'a document that publishes': documentText(
    { gcp: { provider } },
    { more: '  issuer: {publishTo: "gs://example-issuer"}' },
  ),
  'several documents': [
    documentText({ gcp: { provider } }),
    documentText(
      { gcp: { provider } },
      { name: 'other', more: '  serviceAccountRef: {namespace: pullpass-system, name: pullpass}' },
    ),
  ].join('---\n'),
}
const variables = {
  PROJECT_NUMBER: '123456789012',
  POOL_ID: 'pool',
  PROVIDER_ID: 'cluster',
  SERVICE_ACCOUNT_EMAIL: 'puller@example-project.iam.gserviceaccount.com',
  REGISTRY_SECRET_NAME: 'regcred',
  REGISTRY_SECRET_NAMESPACES: 'team-a',
}

const objectsIn = (text: string) => parseAllDocuments(text).map((document): Manifest => document.toJS())

async function printed(words: readonly string[], options: Parameters<typeof runPullpass>[2]): Promise<Manifest[]> {
  const host = { environment: {}, clock: createMovableClock(() => new Date('2026-11-24T12:00:00Z')) }
  const run = await runPullpass(host, ['manifests', '--image', 'pullpass:1', ...words], options)
  assert.deepEqual([run.exitCode, run.stderr], [0, ''])
  return objectsIn(run.stdout)
}

/** What kustomize builds of a folder of deploy/. */
async function built(folder: string): Promise<Manifest[]> {
  const { resources }: { resources: string[] } = parse(await readFile(`${folder}/kustomization.yaml`, 'utf8'))
  const found = await Promise.all(
    resources.map(async (resource) =>
      resource.startsWith('../')
        ? await built(resource.replace('..', 'deploy'))
        : objectsIn(await readFile(`${folder}/${resource}`, 'utf8')),
    ),
  )
  return found.flat()
}

/** The policies that hold for one account, of which each is bound to deny. By resource. */
function policiesOf(account: Manifest, objects: readonly Manifest[]): Record<string, Spec> {
  const user = `system:serviceaccount:${account.metadata.namespace}:${account.metadata.name}`
  const bound = new Set(
    objects
      .filter(
        ({ kind, spec }) => kind === 'ValidatingAdmissionPolicyBinding' && spec?.validationActions?.includes('Deny'),
      )
      .map(({ spec }) => spec?.policyName),
  )
  const policies = objects.filter(
    ({ kind, metadata, spec }) =>
      kind === 'ValidatingAdmissionPolicy' &&
      bound.has(metadata.name) &&
      spec?.failurePolicy === 'Fail' &&
      spec.matchConditions?.length === 1 &&
      spec.matchConditions[0]?.expression === `request.userInfo.username == '${user}'`,
  )
  return Object.fromEntries(
    policies.flatMap(({ spec }) =>
      (spec?.matchConstraints?.resourceRules ?? []).flatMap(({ resources, operations }) =>
        spec === undefined ? [] : resources.map((resource) => [`${operations.join(',')} ${resource}`, spec]),
      ),
    ),
  )
}

const fullSet = [
  'CREATE serviceaccounts/token',
  'CREATE,UPDATE,DELETE events',
  'CREATE,UPDATE,DELETE secrets',
  'CREATE,UPDATE,DELETE serviceaccounts',
]

const ofController = ['CREATE,UPDATE,DELETE leases']

function assertCovered(objects: readonly Manifest[], title: string): string[] {
  const accounts = objects.filter(({ kind }) => kind === 'ServiceAccount')
  for (const account of accounts) {
    const policies = policiesOf(account, objects)
    const runsController = objects.some(
      ({ kind, metadata: { name } }) => kind === 'Deployment' && name === 'pullpass-controller',
    )
    const expected = [...fullSet, ...(runsController ? ofController : [])].toSorted()
    assert.deepEqual(Object.keys(policies).toSorted(), expected, `${title}: ${account.metadata.name}`)
    const tokens = policies['CREATE serviceaccounts/token']
    assert.ok(
      tokens?.validations?.some(({ expression }) => /^object\.spec\.expirationSeconds <= \d{3,4}$/.test(expression)),
      `${title}: the lifetime of tokens`,
    )
    assert.ok(
      Object.values(policies).every(({ matchConstraints = {} }) => Object.keys(matchConstraints).length === 1),
      `${title}: a policy that holds for some namespaces or objects only`,
    )
  }
  const names = accounts.map(({ metadata }) => metadata.name)
  for (const { kind, spec } of objects) {
    const pod = spec?.jobTemplate?.spec.template.spec ?? spec?.template?.spec
    if (pod !== undefined)
      assert.ok(names.includes(pod.serviceAccountName ?? 'default'), `${title}: the Pods of ${kind}`)
  }
  return names
}

suite('each account that a manifest creates has policies for Secrets, ServiceAccounts, tokens and Events', () => {
  for (const [title, input] of Object.entries(documents)) {
    test(`pullpass manifests of ${title}`, async () => {
      assert.deepEqual(assertCovered(await printed(['-f', '-'], { input }), title), ['pullpass'])
    })
  }

  test('pullpass manifests of the drop-in variables, in another namespace', async () => {
    const objects = await printed(['-n', 'image-system'], { environment: variables })
    assert.deepEqual(assertCovered(objects, 'variables'), ['pullpass'])
  })

  test('each kustomize base of deploy/', async () => {
    const bases = (await readdir('deploy', { withFileTypes: true })).filter((entry) => entry.isDirectory())
    const accounts = await Promise.all(
      bases.map(async ({ name }) => [name, assertCovered(await built(`deploy/${name}`), name)] as const),
    )
    assert.deepEqual(Object.fromEntries(accounts.filter(([, names]) => names.length > 0)), {
      controller: ['pullpass'],
      cronjob: ['pullpass'],
      issuer: ['pullpass-issuer'],
      'issuer-serve': ['pullpass-issuer-serve'],
    })
  })

  test('the policies in deploy/ are up to date (npm run deploy)', async () => {
    for (const component of ['issuer', 'issuer-serve']) {
      const account = { namespace: 'pullpass-system', name: `pullpass-${component}`, component }
      const text = await readFile(`deploy/${component}/account-policies.yaml`, 'utf8')
      assert.deepEqual(objectsIn(text), issuerAccountPolicies(account))
    }
  })

  test('without one of its policies an account is not covered', async () => {
    const objects = await built('deploy/issuer')
    for (const resource of ['secrets', 'serviceaccounts', 'tokens', 'events']) {
      const fewer = objects.filter(({ metadata }) => metadata.name !== `pullpass-issuer-${resource}.pullpass-system`)
      assert.equal(fewer.length, objects.length - 2)
      assert.throws(() => assertCovered(fewer, resource), { name: 'AssertionError' })
    }
  })
})
