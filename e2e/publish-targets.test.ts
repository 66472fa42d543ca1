/** Publishing to other people's stores, and read back from them by a stranger: the same cases as at the sandbox. */
import assert from 'node:assert/strict'
import { randomUUID } from 'node:crypto'
import { rmSync } from 'node:fs'
import { mkdtemp, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, suite, test } from 'node:test'
import {
  CreateBucketCommand,
  DeleteObjectCommand,
  PutBucketPolicyCommand,
  PutObjectCommand,
  S3Client,
} from '@aws-sdk/client-s3'
import {
  AccountSASPermissions,
  AccountSASResourceTypes,
  AccountSASServices,
  generateAccountSASQueryParameters,
  SASProtocol,
  StorageSharedKeyCredential,
} from '@azure/storage-blob'
import { createCertificateAuthority } from '../sandbox/serve/certificate-authority.ts'
import { type DocumentName, documentPaths, type PublishTarget } from '../src/issuer/documents/publish-target.ts'
import { openTarget } from '../src/issuer/publish/open-target.ts'
import { httpsTransport } from '../src/outside/https-transport.ts'
import type { Environment, Outside } from '../src/outside/outside.ts'
import type { HttpMethod } from '../src/outside/transport.ts'
import { publishTargetContract } from './contract/publish-target-contract.ts'
import { withRealPart } from './parts/real-part.ts'
import { startAzurite } from './parts/stores/start-azurite.ts'
import { startEntra, tenant } from './parts/stores/start-entra.ts'
import { startFakeGcsServer } from './parts/stores/start-fake-gcs-server.ts'
import { type AwsIdentity, startMoto } from './parts/stores/start-moto.ts'

/** What a run has, with this machine's clock. */
function outsideOf(environment: Environment, ca?: string): Outside {
  return {
    environment,
    now: () => new Date(),
    random: Math.random,
    sleep: (ms) => new Promise((resolve) => setTimeout(resolve, ms)),
    transport: httpsTransport(environment, ca),
    signal: new AbortController().signal,
    log: () => undefined,
  }
}

const keyOf = (name: DocumentName) => `cluster-1/${documentPaths[name]}`
async function succeed(url: string, request: RequestInit): Promise<void> {
  const answer = await fetch(url, request)
  assert.ok(answer.ok, `${request.method} ${url}: ${answer.status} ${await answer.text()}`)
}

const folder = await mkdtemp(join(tmpdir(), 'pullpass-stores-'))
/** Not by `after`: what is said here ends with the first part's tests. */
process.once('exit', () => rmSync(folder, { recursive: true, force: true }))

/** What restores them. */
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

/** The library reads this process' variables, when its identity is first asked for. */
async function openAs(
  { accessKeyId, secretAccessKey }: AwsIdentity,
  name: string,
  outside: Outside,
): Promise<PublishTarget> {
  process.env['AWS_ACCESS_KEY_ID'] = accessKeyId
  process.env['AWS_SECRET_ACCESS_KEY'] = secretAccessKey
  const target = await openTarget(name, outside)
  await target.read('jwks').catch(() => undefined)
  return target
}

await withRealPart('fake-gcs-server', startFakeGcsServer, ({ url }) => {
  const outside = outsideOf({ STORAGE_EMULATOR_HOST: url })

  publishTargetContract('gs:// at fake-gcs-server', { preconditions: 'atomic' }, async () => {
    const bucket = `issuer-${randomUUID()}`
    await succeed(`${url}/storage/v1/b`, { method: 'POST', body: JSON.stringify({ name: bucket }) })
    const name = `gs://${bucket}/cluster-1`
    return {
      target: await openTarget(name, outside),
      other: await openTarget(name, outside),
      missing: await openTarget(`gs://not-${bucket}/cluster-1`, outside),
      readAsStranger: (wanted) => fetch(`${url}/${bucket}/${keyOf(wanted)}`),
      async put(wanted, body) {
        const query = new URLSearchParams({ uploadType: 'media', name: keyOf(wanted) })
        await succeed(`${url}/upload/storage/v1/b/${bucket}/o?${query.toString()}`, { method: 'POST', body })
      },
      async remove(wanted) {
        await succeed(`${url}/storage/v1/b/${bucket}/o/${encodeURIComponent(keyOf(wanted))}`, { method: 'DELETE' })
      },
    }
  })
})

await withRealPart('moto', startMoto, ({ url, publisher, nobody, unsigned }) => {
  const outside = outsideOf({ AWS_ENDPOINT_URL_S3: url, AWS_REGION: 'eu-west-1' })
  const admin = new S3Client({ endpoint: url, region: 'eu-west-1', forcePathStyle: true, credentials: publisher })

  publishTargetContract('s3:// at moto', { preconditions: 'atomic' }, async () => {
    const Bucket = `issuer-${randomUUID()}`
    await admin.send(
      new CreateBucketCommand({ Bucket, CreateBucketConfiguration: { LocationConstraint: 'eu-west-1' } }),
    )
    const Statement = [
      { Effect: 'Allow', Principal: '*', Action: 's3:GetObject', Resource: `arn:aws:s3:::${Bucket}/*` },
    ]
    await admin.send(
      new PutBucketPolicyCommand({ Bucket, Policy: JSON.stringify({ Version: '2012-10-17', Statement }) }),
    )
    const place = `s3://${Bucket}/cluster-1`
    return {
      target: await openAs(publisher, place, outside),
      other: await openAs(publisher, place, outside),
      missing: await openAs(publisher, `s3://not-${Bucket}/cluster-1`, outside),
      denied: await openAs(nobody, place, outside),
      readAsStranger: (wanted) => unsigned(() => fetch(`${url}/${Bucket}/${keyOf(wanted)}`)),
      put: async (name, Body) => void (await admin.send(new PutObjectCommand({ Bucket, Key: keyOf(name), Body }))),
      remove: async (name) => void (await admin.send(new DeleteObjectCommand({ Bucket, Key: keyOf(name) }))),
    }
  })

  suite('s3://', () => {
    const keys = { text: '{"keys":[]}', contentType: 'application/jwk-set+json', cacheControl: 'public, max-age=300' }

    test('a pod writes by the role that its token gives it: no key is needed to publish keys', async (t) => {
      const Bucket = `issuer-${randomUUID()}`
      await admin.send(
        new CreateBucketCommand({ Bucket, CreateBucketConfiguration: { LocationConstraint: 'eu-west-1' } }),
      )
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
      const target = await openTarget(`s3://${Bucket}`, outside)
      assert.equal(await unsigned(() => target.write('jwks', keys, undefined)), 'written')
    })

    test('a token file that is not there is an error, and nobody else is tried', async (t) => {
      const restore = setVariables({
        AWS_ACCESS_KEY_ID: undefined,
        AWS_SECRET_ACCESS_KEY: undefined,
        AWS_ROLE_ARN: 'arn:aws:iam::123456789012:role/publisher',
        AWS_WEB_IDENTITY_TOKEN_FILE: '/nonexistent',
        AWS_EC2_METADATA_DISABLED: 'true',
      })
      t.after(restore)
      const target = await openTarget('s3://issuer', outside)
      await assert.rejects(target.read('jwks'), { code: 'PUBLISH_REFUSED', seen: /"ENOENT"$/ })
    })

    test('nobody’s credentials is an error that says the places', async (t) => {
      const restore = setVariables({
        AWS_ACCESS_KEY_ID: undefined,
        AWS_SECRET_ACCESS_KEY: undefined,
        AWS_ROLE_ARN: undefined,
        AWS_WEB_IDENTITY_TOKEN_FILE: undefined,
        AWS_EC2_METADATA_DISABLED: 'true',
      })
      t.after(restore)
      const target = await openTarget('s3://issuer', outside)
      await assert.rejects(target.read('jwks'), { code: 'PUBLISH_CREDENTIALS_MISSING' })
    })
  })
})

const authority = await createCertificateAuthority()
/** Azurite's own, known to everybody. */
const account = {
  name: 'devstoreaccount1',
  key: 'Eby8vdM02xNOcqFlqUwJPLlmEtlCDXJ1OUzFT50uSRZ6IFsuFq2UVErCz4I6tq/K1SZFPTOtr/KBHBeksoGMGw==',
}

/** A shared access signature: https://learn.microsoft.com/rest/api/storageservices/create-account-sas */
const signature = () =>
  generateAccountSASQueryParameters(
    {
      services: AccountSASServices.parse('b').toString(),
      resourceTypes: AccountSASResourceTypes.parse('sco').toString(),
      permissions: AccountSASPermissions.parse('rwdlac'),
      protocol: SASProtocol.Https,
      expiresOn: new Date(Date.now() + 3_600_000),
    },
    new StorageSharedKeyCredential(account.name, account.key),
  ).toString()

await withRealPart(
  'azurite',
  () => startAzurite(authority),
  ({ endpoint }) => {
    /** By workload identity, as a pod has it; `audience` is of the token that it is granted. */
    async function open(name: string, audience: string, assertion = 'subject.token.one'): Promise<PublishTarget> {
      const entra = await startEntra({ authority, assertion: 'subject.token.one', audience })
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
      return await openTarget(name, outsideOf(environment, authority.ca))
    }
    const storage = 'https://storage.azure.com'
    /** With the account's own key: everything is allowed. */
    async function administer(method: HttpMethod, path: string, headers: Record<string, string> = {}, body?: string) {
      const { status } = await ask(
        method,
        `${endpoint}/${path}${path.includes('?') ? '&' : '?'}${signature()}`,
        headers,
        body,
      )
      assert.ok(status < 300, `${method} ${path}: ${status}`)
    }
    const { transport } = outsideOf({}, authority.ca)
    const ask = (method: HttpMethod, url: string, headers: Record<string, string> = {}, body?: string) =>
      transport({
        method,
        url,
        headers: { 'x-ms-version': '2024-11-04', ...headers },
        ...(body !== undefined && { body }),
        maxBytes: 1 << 20,
        signal: AbortSignal.timeout(5000),
      })

    publishTargetContract('azblob:// at azurite', { preconditions: 'atomic' }, async () => {
      const name = `issuer-${randomUUID()}`
      await administer('PUT', `${name}?restype=container`, { 'x-ms-blob-public-access': 'blob' }, '')
      await administer('PUT', `private-${name}?restype=container`, {}, '')
      const target = `azblob://${account.name}/${name}/cluster-1`
      return {
        target: await open(target, storage),
        other: await open(target, storage),
        missing: await open(`azblob://${account.name}/not-${name}/cluster-1`, storage),
        denied: await open(target.replace('issuer', 'private-issuer'), 'https://another.example.com'),
        async readAsStranger(wanted) {
          const { status, headers, body } = await ask('GET', `${endpoint}/${name}/${keyOf(wanted)}`)
          const { 'content-type': type = '', 'cache-control': cache = '' } = headers
          return new Response(body, { status, headers: { 'content-type': type, 'cache-control': cache } })
        },
        put: (wanted, text) => administer('PUT', `${name}/${keyOf(wanted)}`, { 'x-ms-blob-type': 'BlockBlob' }, text),
        remove: (wanted) => administer('DELETE', `${name}/${keyOf(wanted)}`),
      }
    })

    suite('azblob://', () => {
      test('a subject token that Entra does not take is an error with its words, and nobody else is tried', async () => {
        const target = await open(`azblob://${account.name}/issuer`, storage, 'subject.token.other')
        await assert.rejects(target.read('jwks'), {
          code: 'PUBLISH_DENIED',
          seen: /^Azure answered a refusal "AADSTS700213: No matching federated identity record found for presented assertion subject\." to the operator's credentials$/,
        })
      })

      test('an authority that this machine does not trust gets no token', async () => {
        const entra = await startEntra({
          authority: await createCertificateAuthority(),
          assertion: '',
          audience: storage,
        })
        after(() => entra.close())
        const file = join(folder, randomUUID())
        await writeFile(file, 'subject.token.one')
        const identity = { AZURE_TENANT_ID: tenant, AZURE_CLIENT_ID: randomUUID(), AZURE_FEDERATED_TOKEN_FILE: file }
        const environment = { ...identity, AZURE_AUTHORITY_HOST: entra.url, PULLPASS_AZURE_BLOB_ENDPOINT: endpoint }
        const target = await openTarget(`azblob://${account.name}/issuer`, outsideOf(environment, authority.ca))
        await assert.rejects(target.read('jwks'), { code: 'CERTIFICATE_UNTRUSTED' })
      })
    })
  },
)
