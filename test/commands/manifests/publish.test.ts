import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import { parseAllDocuments } from 'yaml'
import { createMovableClock } from '../../../sandbox/start/movable-clock.ts'
import { documentText } from '../../support/document-text.ts'
import { runPullpass } from '../../support/run-pullpass.ts'

const pool = 'projects/123456789012/locations/global/workloadIdentityPools/pool'
const provider = `${pool}/providers/cluster`
const principal = `principal://iam.googleapis.com/${pool}/subject/system:serviceaccount:pullpass-system:pullpass`
const role = 'arn:aws:iam::123456789012:role/publisher'
const [tenant, client] = ['11111111-2222-3333-4444-555555555555', '66666666-7777-8888-9999-000000000000']
const host = { environment: {}, clock: createMovableClock(() => new Date('2026-11-24T12:00:00Z')) }

const publishing = (target: string, name = 'pull') =>
  documentText({ gcp: { provider } }, { name, more: `  issuer: {publishTo: "${target}"}` })

const runManifests = (input: string, ...identities: string[]) =>
  runPullpass(
    host,
    ['manifests', '-f', '-', '--image', 'pullpass:1', ...identities.flatMap((one) => ['--publish-as', one])],
    { input },
  )

/** The credentials with which the Pod publishes, and their description in the manifests. */
async function publisherOf(input: string, ...identities: string[]) {
  const { exitCode, stdout, stderr } = await runManifests(input, ...identities)
  assert.deepEqual([exitCode, stderr], [0, ''])
  const objects = parseAllDocuments(stdout).map((document) => document.toJS())
  const pod = objects.find(({ kind }) => kind === 'CronJob').spec.jobTemplate.spec.template.spec
  const [{ env = [], volumeMounts }] = pod.containers
  const volume = pod.volumes.find(({ name }: { name: string }) => name === 'publish')
  const map = objects.find(({ metadata }) => metadata.name === 'pullpass-publish')
  const [, grants = ''] = /before a token of it is exchanged:\n((?:# {3}.*\n)*)/.exec(stdout) ?? []
  return {
    variables: Object.fromEntries(env.map(({ name, value }: { name: string; value: string }) => [name, value])),
    sources: volume?.projected.sources,
    mount: volumeMounts.find(({ name }: { name: string }) => name === 'publish'),
    files: map?.data,
    grants: [...grants.matchAll(/^# {3}(.*)$/gm)].map(([, grant]) => grant),
  }
}

const token = (path: string, audience: string) => ({
  serviceAccountToken: { path, audience, expirationSeconds: 600 },
})

suite('pullpass manifests, of a document with spec.issuer, configures the Pod to publish with its own identity', () => {
  test('to gs://, by the provider at Google that the document exchanges at', async () => {
    const { variables, sources, mount, files, grants } = await publisherOf(publishing('gs://example-issuer/one'))
    assert.deepEqual(variables, {
      GOOGLE_APPLICATION_CREDENTIALS: '/var/run/secrets/publish/google-credentials.json',
    })
    assert.deepEqual(mount, { name: 'publish', mountPath: '/var/run/secrets/publish', readOnly: true })
    const item = { key: 'google-credentials.json', path: 'google-credentials.json' }
    assert.deepEqual(sources, [
      token('google', `//iam.googleapis.com/${provider}`),
      { configMap: { name: 'pullpass-publish', items: [item] } },
    ])
    assert.deepEqual(JSON.parse(files['google-credentials.json']), {
      type: 'external_account',
      audience: `//iam.googleapis.com/${provider}`,
      subject_token_type: 'urn:ietf:params:oauth:token-type:jwt',
      token_url: 'https://sts.googleapis.com/v1/token',
      credential_source: { file: '/var/run/secrets/publish/google' },
    })
    assert.deepEqual(grants, [
      `gcloud storage buckets add-iam-policy-binding gs://example-issuer --role=roles/storage.objectUser --member=${principal} '--condition=title=issuer-path,expression=resource.name.startsWith("projects/_/buckets/example-issuer/objects/one/")'`,
    ])
  })

  test('to gs://, through a service account where one is named', async () => {
    const account = 'publisher@example-project.iam.gserviceaccount.com'
    const { files, grants } = await publisherOf(publishing('gs://example-issuer'), account)
    assert.equal(
      JSON.parse(files['google-credentials.json']).service_account_impersonation_url,
      `https://iamcredentials.googleapis.com/v1/projects/-/serviceAccounts/${account}:generateAccessToken`,
    )
    assert.deepEqual(grants, [
      `gcloud storage buckets add-iam-policy-binding gs://example-issuer --role=roles/storage.objectUser --member=serviceAccount:${account} --condition=None`,
      `${account}: roles/iam.workloadIdentityUser for ${principal}`,
    ])
  })

  test('to gs://, with the audience and the token service that the document names', async () => {
    const input = publishing('gs://example-issuer')
      .replace('      gcp:', '      audience: ours\n      gcp:')
      .replace(
        `workloadIdentityProvider: ${provider}`,
        `workloadIdentityProvider: ${provider}\n        stsRegion: europe-west1`,
      )
    const { sources, files } = await publisherOf(input)
    assert.deepEqual(sources[0], token('google', 'ours'))
    const { audience, token_url } = JSON.parse(files['google-credentials.json'])
    assert.deepEqual(
      [audience, token_url],
      [`//iam.googleapis.com/${provider}`, 'https://sts.europe-west1.rep.googleapis.com/v1/token'],
    )
  })

  test('to gs://, through a service account of the universe that the document names', async () => {
    const account = 'publisher@example-project.iam.gserviceaccount.com'
    const input = publishing('gs://example-issuer').replace(
      `workloadIdentityProvider: ${provider}`,
      `workloadIdentityProvider: ${provider}\n        universeDomain: example.cloud`,
    )
    const { files, variables } = await publisherOf(input, account)
    assert.equal(variables['GOOGLE_CLOUD_UNIVERSE_DOMAIN'], 'example.cloud')
    const { token_url, service_account_impersonation_url } = JSON.parse(files['google-credentials.json'])
    assert.deepEqual(
      [token_url, service_account_impersonation_url],
      [
        'https://sts.example.cloud/v1/token',
        `https://iamcredentials.example.cloud/v1/projects/-/serviceAccounts/${account}:generateAccessToken`,
      ],
    )
  })

  test('to a Google provider with uploaded keys', async () => {
    const { variables, grants } = await publisherOf(publishing(`gcp-provider:${provider}`))
    assert.deepEqual(Object.keys(variables), ['GOOGLE_APPLICATION_CREDENTIALS'])
    assert.deepEqual(grants, [
      `gcp-provider:${provider}: roles/iam.workloadIdentityPoolAdmin for ${principal} on project 123456789012, which must contain only pools of this cluster: the role applies to all of them`,
    ])
  })

  test('to s3://, by a role', async () => {
    const { variables, sources, files, grants } = await publisherOf(publishing('s3://example-issuer/one'), role)
    assert.deepEqual(variables, {
      AWS_ROLE_ARN: role,
      AWS_WEB_IDENTITY_TOKEN_FILE: '/var/run/secrets/publish/aws',
    })
    assert.deepEqual([sources, files], [[token('aws', 'sts.amazonaws.com')], undefined])
    assert.deepEqual(grants, [
      `allow ${role} s3:GetObject and s3:PutObject on arn:aws:s3:::example-issuer/one/*, and s3:ListBucket on arn:aws:s3:::example-issuer`,
      `${role}: to trust the cluster's issuer for system:serviceaccount:pullpass-system:pullpass, audience sts.amazonaws.com`,
    ])
  })

  for (const partition of ['aws-cn', 'aws-us-gov']) {
    test(`to s3://, by a role of ${partition}, whose bucket is in the same partition`, async () => {
      const own = role.replace('aws', partition)
      const { grants } = await publisherOf(publishing('s3://example-issuer'), own)
      const bucket = `arn:${partition}:s3:::example-issuer`
      assert.equal(
        grants[0],
        `allow ${own} s3:GetObject and s3:PutObject on ${bucket}/*, and s3:ListBucket on ${bucket}`,
      )
    })
  }

  test('to azblob://, by an application', async () => {
    const { variables, sources, grants } = await publisherOf(
      publishing('azblob://exampleissuer/issuer/one'),
      `${tenant}/${client}`,
    )
    assert.deepEqual(variables, {
      AZURE_TENANT_ID: tenant,
      AZURE_CLIENT_ID: client,
      AZURE_FEDERATED_TOKEN_FILE: '/var/run/secrets/publish/azure',
    })
    assert.deepEqual(sources, [token('azure', 'api://AzureADTokenExchange')])
    assert.deepEqual(grants.slice(0, 2), [
      `az role assignment create --role 'Storage Blob Data Contributor' --assignee ${client} --scope "$(az storage account show --name exampleissuer --query id --output tsv)/blobServices/default/containers/issuer"`,
      'container issuer must be used by this cluster only: the role applies to the whole container',
    ])
  })

  test('to several clouds, each with its own token', async () => {
    const input = [publishing('gs://example-issuer'), publishing('s3://example-issuer', 'other')].join('---\n')
    const { variables, sources } = await publisherOf(input, role)
    assert.deepEqual(Object.keys(variables).toSorted(), [
      'AWS_ROLE_ARN',
      'AWS_WEB_IDENTITY_TOKEN_FILE',
      'GOOGLE_APPLICATION_CREDENTIALS',
    ])
    assert.equal(sources.length, 3)
  })

  test('without --publish-as it has no identity, and a comment states this', async () => {
    const { variables, sources, grants } = await publisherOf(publishing('s3://example-issuer'))
    assert.deepEqual([variables, sources], [{}, undefined])
    assert.match(grants[0] ?? '', /^s3:\/\/example-issuer: no grant, because --publish-as is not set/)
  })

  const refused: Record<string, [target: string, identities: string[], message: RegExp]> = {
    'an identity of no known form': [
      's3://example-issuer',
      ['publisher'],
      /--publish-as is "publisher"\n {2}expected a service account/,
    ],
    'two identities at one cloud': [
      's3://example-issuer',
      [role, `${role}-2`],
      /expected one identity for each vendor, .* aws/,
    ],
    'an identity at a cloud that nothing is published to': [
      'gs://example-issuer',
      [role],
      /names an identity at aws\n {2}expected a document that publishes there/,
    ],
  }
  for (const [title, [target, identities, message]] of Object.entries(refused)) {
    test(`${title} is refused, and nothing is printed`, async () => {
      const { exitCode, stdout, stderr } = await runManifests(publishing(target), ...identities)
      assert.deepEqual([exitCode, stdout], [2, ''])
      assert.match(stderr, /^USAGE_INVALID \(run\): /)
      assert.match(stderr, message)
    })
  }
})
