/**
 * A container of Azure Blob Storage, written with preconditions by ETag.
 * https://learn.microsoft.com/rest/api/storageservices/specifying-conditional-headers-for-blob-service-operations
 */
import type { BlockBlobClient, ContainerClient } from '@azure/storage-blob'
import type { Redacted } from '../../../outside/redacted.ts'
import {
  type DocumentName,
  type DocumentToStore,
  documentPaths,
  type PublishTarget,
} from '../../documents/publish-target.ts'
import type { TargetName } from '../parse-target.ts'
import { azureCode, azureFault } from './azure-fault.ts'
import { azureHttpClients } from './azure-http-client.ts'
import { azureIdentity } from './azure-identity.ts'
import { originVariable } from './origin-variable.ts'
import type { TargetOutside } from './target-outside.ts'
import { versionMissing } from './version-missing.ts'

type ContainerName = Extract<TargetName, { kind: 'azblob' }>

interface Container {
  readonly name: string
  readonly account: string
  readonly container: string
  readonly signal: AbortSignal
  readonly secrets: Iterable<Redacted>
}

/** @throws VARIABLE_INVALID */
export async function azblob(wanted: ContainerName, outside: TargetOutside): Promise<PublishTarget> {
  const { account, container, path } = wanted
  const endpoint =
    originVariable(outside.environment, 'PULLPASS_AZURE_BLOB_ENDPOINT', 'path') ??
    `https://${account}.blob.core.windows.net`
  const client = await openContainer(`${endpoint}/${container}`, outside)
  const [suffix, under] = path === '' ? ['', ''] : [`/${path}`, `${path}/`]
  const here: Container = {
    name: `azblob://${account}/${container}${suffix}`,
    account,
    container,
    signal: outside.signal,
    secrets: outside.secrets,
  }
  const blobOf = (document: DocumentName) => client.getBlockBlobClient(`${under}${documentPaths[document]}`)
  return {
    name: here.name,
    issuerUrl: `${endpoint}/${container}${suffix}`,
    openToAll: `az storage container set-permission --account-name ${account} --name ${container} --public-access blob --auth-mode key`,
    holds: ['jwks', 'discovery'],
    read: (document) => readBlob(here, blobOf(document)),
    write: (document, content, replaces) => writeBlob(here, blobOf(document), content, replaces),
  }
}

async function openContainer(url: string, outside: TargetOutside): Promise<ContainerClient> {
  const [blobs, identity, pipeline] = await Promise.all([
    import('@azure/storage-blob'),
    import('@azure/identity'),
    import('@azure/core-rest-pipeline'),
  ])
  const clients = azureHttpClients(pipeline, outside)
  const credential = azureIdentity(identity, clients, outside)
  return new blobs.ContainerClient(url, credential, {
    httpClient: clients.blobs,
    retryOptions: { maxTries: 3, maxRetryDelayInMs: 4000 },
  })
}

async function readBlob(here: Container, blob: BlockBlobClient): ReturnType<PublishTarget['read']> {
  try {
    const found = await blob.download(0, undefined, { abortSignal: here.signal })
    if (found.etag === undefined)
      throw versionMissing(here.name, "see that the endpoint is Azure's, or does as Blob Storage does")
    return { text: await textOf(found.readableStreamBody ?? []), version: found.etag }
  } catch (error) {
    here.signal.throwIfAborted()
    if (azureCode(error) === 'BlobNotFound') return undefined
    throw azureFault(error, here, 'reading')
  }
}

async function textOf(body: AsyncIterable<string | Buffer> | Iterable<string>): Promise<string> {
  const pieces: Buffer[] = []
  for await (const piece of body) pieces.push(Buffer.from(piece))
  return Buffer.concat(pieces).toString('utf8')
}

/** Somebody made it, changed it, or took it away; or somebody holds a lease on it, and is about to. */
const outrun = new Set(['BlobAlreadyExists', 'ConditionNotMet', 'BlobNotFound', 'LeaseIdMissing'])

async function writeBlob(
  here: Container,
  blob: BlockBlobClient,
  { text, contentType, cacheControl }: DocumentToStore,
  replaces: string | undefined,
): Promise<'written' | 'outrun'> {
  try {
    await blob.upload(text, Buffer.byteLength(text), {
      abortSignal: here.signal,
      blobHTTPHeaders: { blobContentType: contentType, blobCacheControl: cacheControl },
      conditions: replaces === undefined ? { ifNoneMatch: '*' } : { ifMatch: replaces },
    })
    return 'written'
  } catch (error) {
    here.signal.throwIfAborted()
    if (outrun.has(azureCode(error) ?? '')) return 'outrun'
    throw azureFault(error, here, 'writing')
  }
}
