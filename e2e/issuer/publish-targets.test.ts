/** Publishing to stores of other projects, and anonymous reads from them: the same cases as with the sandbox. */
import assert from 'node:assert/strict'
import { randomUUID } from 'node:crypto'
import { rmSync } from 'node:fs'
import { mkdtemp, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, suite, test } from 'node:test'
import { DeleteObjectCommand, PutObjectCommand } from '@aws-sdk/client-s3'
import { createCertificateAuthority } from '../../sandbox/serve/certificate-authority.ts'
import type { Environment } from '../../src/http/context.ts'
import { httpsTransport } from '../../src/http/https-transport.ts'
import { type DocumentName, documentPaths, type PublishTarget } from '../../src/oidc/issuer-documents.ts'
import { openTarget } from '../../src/publish/open-target.ts'
import { SecretRegister } from '../../src/text/secret-register.ts'
import type { VendorContext } from '../../src/vendors/vendor.ts'
import { vendors } from '../../src/vendors/vendors.ts'
import { publishTargetContract } from '../contract/publish-target-contract.ts'
import { withRealPart } from '../parts/real-part.ts'
import { azuriteAccount } from '../parts/stores/azurite-account.ts'
import { startAzurite } from '../parts/stores/start-azurite.ts'
import { startEntra, tenant } from '../parts/stores/start-entra.ts'
import { startFakeGcsServer } from '../parts/stores/start-fake-gcs-server.ts'
import { type AwsIdentity, motoRegion, startMoto } from '../parts/stores/start-moto.ts'

/** The context of a run, with this machine's clock. */
function contextOf(environment: Environment, ca?: string): VendorContext {
  return {
    environment,
    now: () => new Date(),
    random: Math.random,
    sleep: (ms) => new Promise((resolve) => setTimeout(resolve, ms)),
    transport: httpsTransport(environment, ca),
    signal: new AbortController().signal,
    log: () => undefined,
    secrets: new SecretRegister(),
    vendors,
  }
}

const keyOf = (name: DocumentName) => `cluster-1/${documentPaths[name]}`
async function succeed(url: string, request: RequestInit): Promise<void> {
  const response = await fetch(url, request)
  assert.ok(response.ok, `${request.method} ${url}: ${response.status} ${await response.text()}`)
}

const folder = await mkdtemp(join(tmpdir(), 'pullpass-stores-'))
/** Not by `after`: at file level it would run after the first part's tests. */
process.once('exit', () => rmSync(folder, { recursive: true, force: true }))

/** Returns a function that restores them. */
function setVariables(variables: Readonly<Record<string, string | undefined>>): () => void {
  const before = Object.keys(variables).map((name) => [name, process.env[name]] as const)
  for (const [name, value] of Object.entries(variables)) setVariable(name, value)
  return () => {
    for (const [name, value] of before) setVariable(name, value)
  }
}

function setVariable(name: string, value: string | undefined): void {
  if (value === undefined) delete process.env[name]
  else process.env[name] = value
}

/** The library reads this process' variables at the first request. */
async function openAs(
  { accessKeyId, secretAccessKey }: AwsIdentity,
  name: string,
  context: VendorContext,
): Promise<PublishTarget> {
  process.env['AWS_ACCESS_KEY_ID'] = accessKeyId
  process.env['AWS_SECRET_ACCESS_KEY'] = secretAccessKey
  const target = await openTarget(name, context)
  await target.read('jwks').catch(() => undefined)
  return target
}

await withRealPart(
  'fake-gcs-server',
  () => startFakeGcsServer(),
  ({ url, createBucket }) => {
    const context = contextOf({ STORAGE_EMULATOR_HOST: url })

    publishTargetContract('gs:// at fake-gcs-server', { preconditions: 'atomic' }, async () => {
      const bucket = `issuer-${randomUUID()}`
      await createBucket(bucket)
      const name = `gs://${bucket}/cluster-1`
      return {
        target: await openTarget(name, context),
        other: await openTarget(name, context),
        missing: await openTarget(`gs://not-${bucket}/cluster-1`, context),
        readAnonymously: (document) => fetch(`${url}/${bucket}/${keyOf(document)}`),
        async put(document, body) {
          const query = new URLSearchParams({ uploadType: 'media', name: keyOf(document) })
          await succeed(`${url}/upload/storage/v1/b/${bucket}/o?${query.toString()}`, { method: 'POST', body })
        },
        async remove(document) {
          await succeed(`${url}/storage/v1/b/${bucket}/o/${encodeURIComponent(keyOf(document))}`, { method: 'DELETE' })
        },
      }
    })
  },
)

await withRealPart(
  'moto',
  () => startMoto(),
  ({ url, publisher, unprivileged, withoutAuthentication, admin, createBucket }) => {
    const context = contextOf({ AWS_ENDPOINT_URL_S3: url, AWS_REGION: motoRegion })

    publishTargetContract('s3:// at moto', { preconditions: 'atomic' }, async () => {
      const Bucket = `issuer-${randomUUID()}`
      await createBucket(Bucket, 'public')
      const location = `s3://${Bucket}/cluster-1`
      return {
        target: await openAs(publisher, location, context),
        other: await openAs(publisher, location, context),
        missing: await openAs(publisher, `s3://not-${Bucket}/cluster-1`, context),
        denied: await openAs(unprivileged, location, context),
        readAnonymously: (document) => withoutAuthentication(() => fetch(`${url}/${Bucket}/${keyOf(document)}`)),
        put: async (name, Body) => void (await admin.send(new PutObjectCommand({ Bucket, Key: keyOf(name), Body }))),
        remove: async (name) => void (await admin.send(new DeleteObjectCommand({ Bucket, Key: keyOf(name) }))),
      }
    })

    suite('s3://', () => {
      const keys = { text: '{"keys":[]}', contentType: 'application/jwk-set+json', cacheControl: 'public, max-age=300' }

      test('a pod writes with the role of its token, without a stored access key', async (t) => {
        const Bucket = `issuer-${randomUUID()}`
        await createBucket(Bucket, 'private')
        const file = join(folder, randomUUID())
        await writeFile(file, 'header.payload.signature')
        const restore = setVariables({
          AWS_ACCESS_KEY_ID: undefined,
          AWS_SECRET_ACCESS_KEY: undefined,
          AWS_ROLE_ARN: 'arn:aws:iam::123456789012:role/publisher',
          AWS_WEB_IDENTITY_TOKEN_FILE: file,
          AWS_ENDPOINT_URL_STS: url,
        })
        t.after(restore)
        const target = await openTarget(`s3://${Bucket}`, context)
        assert.equal(await withoutAuthentication(() => target.write('jwks', keys, undefined)), 'written')
      })

      test('a missing token file is an error, and no other identity is tried', async (t) => {
        const restore = setVariables({
          AWS_ACCESS_KEY_ID: undefined,
          AWS_SECRET_ACCESS_KEY: undefined,
          AWS_ROLE_ARN: 'arn:aws:iam::123456789012:role/publisher',
          AWS_WEB_IDENTITY_TOKEN_FILE: '/nonexistent',
          AWS_EC2_METADATA_DISABLED: 'true',
        })
        t.after(restore)
        const target = await openTarget('s3://issuer', context)
        await assert.rejects(target.read('jwks'), { code: 'PUBLISH_REFUSED', seen: /"ENOENT"$/ })
      })

      test('missing credentials are an error with their possible sources', async (t) => {
        const restore = setVariables({
          AWS_ACCESS_KEY_ID: undefined,
          AWS_SECRET_ACCESS_KEY: undefined,
          AWS_ROLE_ARN: undefined,
          AWS_WEB_IDENTITY_TOKEN_FILE: undefined,
          AWS_EC2_METADATA_DISABLED: 'true',
        })
        t.after(restore)
        const target = await openTarget('s3://issuer', context)
        await assert.rejects(target.read('jwks'), { code: 'PUBLISH_CREDENTIALS_MISSING' })
      })
    })
  },
)

const authority = await createCertificateAuthority()
await withRealPart(
  'azurite',
  () => startAzurite(authority),
  ({ endpoint, requestAnonymously, administer, createContainer }) => {
    /** With workload identity, as in a pod; `audience`: of the issued token. */
    async function open(name: string, audience: string, assertion = 'subject.token.one'): Promise<PublishTarget> {
      const entra = await startEntra({ authority, acceptedAssertion: 'subject.token.one', audience })
      after(() => entra.close())
      const file = join(folder, randomUUID())
      await writeFile(file, assertion)
      const environment = {
        PULLPASS_AZURE_BLOB_ENDPOINT: endpoint,
        AZURE_AUTHORITY_HOST: entra.url,
        AZURE_TENANT_ID: tenant,
        AZURE_CLIENT_ID: randomUUID(),
        AZURE_FEDERATED_TOKEN_FILE: file,
      }
      return await openTarget(name, contextOf(environment, authority.ca))
    }
    const storage = 'https://storage.azure.com'

    publishTargetContract('azblob:// at azurite', { preconditions: 'atomic' }, async () => {
      const name = `issuer-${randomUUID()}`
      await createContainer(name, 'public')
      await createContainer(`private-${name}`, 'private')
      const target = `azblob://${azuriteAccount}/${name}/cluster-1`
      return {
        target: await open(target, storage),
        other: await open(target, storage),
        missing: await open(`azblob://${azuriteAccount}/not-${name}/cluster-1`, storage),
        denied: await open(target.replace('issuer', 'private-issuer'), 'https://another.example.com'),
        async readAnonymously(document) {
          const { status, headers, body } = await requestAnonymously({
            method: 'GET',
            path: `${name}/${keyOf(document)}`,
          })
          const { 'content-type': type = '', 'cache-control': cache = '' } = headers
          return new Response(body, { status, headers: { 'content-type': type, 'cache-control': cache } })
        },
        put: (document, body) =>
          administer({
            method: 'PUT',
            path: `${name}/${keyOf(document)}`,
            headers: { 'x-ms-blob-type': 'BlockBlob' },
            body,
          }),
        remove: (document) => administer({ method: 'DELETE', path: `${name}/${keyOf(document)}` }),
      }
    })

    suite('azblob://', () => {
      test('a subject token that Entra refuses is an error with its message, and no other identity is tried', async () => {
        const target = await open(`azblob://${azuriteAccount}/issuer`, storage, 'subject.token.other')
        await assert.rejects(target.read('jwks'), {
          code: 'PUBLISH_DENIED',
          seen: /^Azure responded with a refusal "AADSTS700213: No matching federated identity record found for presented assertion subject\." to the operator's credentials$/,
        })
      })

      test('an authority that this machine does not trust gets no token', async () => {
        const entra = await startEntra({
          authority: await createCertificateAuthority(),
          acceptedAssertion: '',
          audience: storage,
        })
        after(() => entra.close())
        const file = join(folder, randomUUID())
        await writeFile(file, 'subject.token.one')
        const identity = { AZURE_TENANT_ID: tenant, AZURE_CLIENT_ID: randomUUID(), AZURE_FEDERATED_TOKEN_FILE: file }
        const environment = { ...identity, AZURE_AUTHORITY_HOST: entra.url, PULLPASS_AZURE_BLOB_ENDPOINT: endpoint }
        const target = await openTarget(`azblob://${azuriteAccount}/issuer`, contextOf(environment, authority.ca))
        await assert.rejects(target.read('jwks'), { code: 'CERTIFICATE_UNTRUSTED' })
      })
    })
  },
)
