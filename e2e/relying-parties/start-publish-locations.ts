/** Every kind of publish target: three stores of other projects, a folder, and pullpass issuer serve. */
import assert from 'node:assert/strict'
import { randomUUID } from 'node:crypto'
import { mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { CertificateAuthority } from '../../sandbox/serve/certificate-authority.ts'
import { servePart } from '../../sandbox/serve/serve-part.ts'
import { createWebServer } from '../guides/web-server.ts'
import { freePort } from '../parts/process/free-port.ts'
import { pullpassProgram } from '../parts/process/pullpass-program.ts'
import { runProgram } from '../parts/process/run-program.ts'
import type { PartContext } from '../parts/process/start-part.ts'
import { waitUntil } from '../parts/process/wait-until.ts'
import { azuriteAccount } from '../parts/stores/azurite-account.ts'
import { startAzurite } from '../parts/stores/start-azurite.ts'
import { startEntra, tenant } from '../parts/stores/start-entra.ts'
import { startFakeGcsServer } from '../parts/stores/start-fake-gcs-server.ts'
import { motoRegion, startMoto } from '../parts/stores/start-moto.ts'
import { startMotoProxy } from '../parts/stores/start-moto-proxy.ts'
import type { PublishedCluster, PublishLocation } from './publish-location.ts'

type StartLocation = (context: PartContext, authority: CertificateAuthority) => Promise<PublishLocation>

const bucket = 'example-issuer'

/** @throws AbsentPart if a store does not exist */
export async function startPublishLocations(
  context: PartContext,
  authority: CertificateAuthority,
): Promise<PublishLocation[]> {
  const locations: PublishLocation[] = []
  for (const open of [startGcsLocation, startS3Location, startAzureLocation, startFolderLocation, startServeLocation])
    locations.push(await open(context, authority))
  return locations
}

const startGcsLocation: StartLocation = async ({ use }, authority) => {
  const { url, createBucket } = await use(startFakeGcsServer(authority))
  await createBucket(bucket)
  return {
    name: 'gs://, at fake-gcs-server',
    issuer: `${url}/${bucket}/cluster-1`,
    publish: (cluster) =>
      publish(['--to', `gs://${bucket}/cluster-1`], { ...cluster.environment, STORAGE_EMULATOR_HOST: url }),
  }
}

const startS3Location: StartLocation = async ({ use, defer }, authority) => {
  const moto = await use(startMoto('disabled'))
  await moto.createBucket(bucket, 'public')
  const { url, close } = await startMotoProxy(moto.url, authority)
  defer(close)
  const aws = {
    AWS_ENDPOINT_URL_S3: url,
    AWS_REGION: motoRegion,
    AWS_ACCESS_KEY_ID: moto.publisher.accessKeyId,
    AWS_SECRET_ACCESS_KEY: moto.publisher.secretAccessKey,
  }
  return {
    name: 's3://, at moto',
    issuer: `${url}/${bucket}/cluster-1`,
    publish: (cluster) => publish(['--to', `s3://${bucket}/cluster-1`], { ...cluster.environment, ...aws }),
  }
}

const startAzureLocation: StartLocation = async ({ use, folder, defer }, authority) => {
  const { endpoint, createContainer } = await use(startAzurite(authority))
  await createContainer('issuer', 'public')
  const assertion = 'subject.token.one'
  const entra = await startEntra({ authority, acceptedAssertion: assertion, audience: 'https://storage.azure.com' })
  defer(entra.close)
  const tokenFile = join(folder, 'azure-token')
  await writeFile(tokenFile, assertion)
  const azure = {
    PULLPASS_AZURE_BLOB_ENDPOINT: endpoint,
    AZURE_AUTHORITY_HOST: entra.url,
    AZURE_TENANT_ID: tenant,
    AZURE_CLIENT_ID: randomUUID(),
    AZURE_FEDERATED_TOKEN_FILE: tokenFile,
  }
  return {
    name: 'azblob://, at azurite',
    issuer: `${endpoint}/issuer/cluster-1`,
    publish: (cluster) =>
      publish(['--to', `azblob://${azuriteAccount}/issuer/cluster-1`], { ...cluster.environment, ...azure }),
  }
}

const startFolderLocation: StartLocation = async ({ folder, defer }, authority) => {
  const { handler, serveFolder } = createWebServer()
  const { url, close } = await servePart({ handler, tls: { authority, http2: 'offered' } })
  defer(close)
  const [root, issuer] = [join(folder, 'public'), `${url}/cluster-1`]
  await mkdir(join(root, 'cluster-1'), { recursive: true })
  serveFolder(root)
  return {
    name: 'a folder, behind a web server',
    issuer,
    publish: ({ environment }) => publish(['--to', join(root, 'cluster-1'), '--issuer-url', issuer], environment),
  }
}

const startServeLocation: StartLocation = async ({ start, defer }, authority) => {
  const { handler, forwardTo } = createWebServer()
  const { url, close } = await servePart({ handler, tls: { authority, http2: 'offered' } })
  defer(close)
  const [issuer, port] = [`${url}/cluster-1`, await freePort()]
  forwardTo(`http://127.0.0.1:${port}`)
  return {
    name: 'issuer serve, behind a proxy',
    issuer,
    async publish({ environment, apiServer }: PublishedCluster) {
      const args = ['issuer', 'serve', '--issuer-url', issuer, '--listen', `${port}`, '--replica', apiServer]
      const flags = [
        '--kubeconfig',
        environment['KUBECONFIG'] ?? '',
        '--ca-file',
        environment['PULLPASS_CA_FILE'] ?? '',
      ]
      const { ended } = start(process.execPath, [pullpassProgram, ...args, ...flags])
      const isServed = async () => (await fetch(`${issuer}/openid/v1/jwks`)).ok || undefined
      await waitUntil('pullpass issuer serve', 20_000, isServed, ended)
    },
  }
}

/** It exits with 0 only if both documents were read back unchanged, and a new token verifies with them. */
async function publish(args: readonly string[], environment: Readonly<Record<string, string>>): Promise<void> {
  const { exitCode, stdout, stderr } = await runProgram(
    process.execPath,
    [pullpassProgram, 'issuer', 'publish', ...args],
    {
      environment,
    },
  )
  assert.equal(exitCode, 0, `${stdout}${stderr}`)
  assert.match(stdout, /^token +ok /m)
}
