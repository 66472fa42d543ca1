/**
 * A container of Azure Blob Storage, written with preconditions by ETag.
 * https://learn.microsoft.com/rest/api/storageservices/specifying-conditional-headers-for-blob-service-operations
 */
import type { BlockBlobClient, ContainerClient } from '@azure/storage-blob'
import { faultUnder, PullpassError } from '../../../errors/pullpass-error.ts'
import {
  type DocumentName,
  type DocumentToStore,
  documentStore,
  type PublishTarget,
} from '../../../oidc/issuer-documents.ts'
import { asObject, asText } from '../../../text/json-fields.ts'
import { quote } from '../../../text/plain-text.ts'
import type { Redacted } from '../../../text/redacted.ts'
import { shellQuote, shellVariable } from '../../../text/shell.ts'
import { originVariable } from '../../operator.ts'
import {
  brokenPart,
  documentKeys,
  issuerPath,
  type PartRule,
  respell,
  type Store,
  type TargetContext,
} from '../../store.ts'
import { type StoreRefusal, storeFault, versionMissing } from '../../store-errors.ts'
import { azureHttpClients } from '../operator/library-transport.ts'
import { azureIdentity } from '../operator/sign-in.ts'

export interface ContainerName {
  readonly account: string
  readonly container: string
  readonly path: string
}

/** https://learn.microsoft.com/azure/storage/common/storage-account-overview#storage-account-name */
const accountRule: PartRule = {
  pattern: /^[a-z0-9]{3,24}$/,
  expected: 'the name of a storage account: 3 to 24 lower-case letters and digits',
}
/** https://learn.microsoft.com/rest/api/storageservices/naming-and-referencing-containers--blobs--and-metadata */
const containerRule: PartRule = {
  pattern: /^(?=.{3,63}$)[a-z0-9]+(?:-[a-z0-9]+)*$/,
  expected: 'the name of a container: 3 to 63 lower-case letters, digits and single "-"',
}

export const store: Store<ContainerName> = {
  parse(rest) {
    const [account = '', container = '', ...parts] = rest.split('/')
    const path = parts.join('/')
    const expected = brokenPart([
      [accountRule, account],
      [containerRule, container],
      [issuerPath, path],
    ])
    return expected === undefined ? { name: { account, container, path } } : { expected }
  },
  meaning: (text) =>
    respell(text, [
      [/^(?:azblob|az|azure):\/*([^/].*)$/, 'azblob://$1'],
      [/^https:\/\/([a-z0-9]+)\.blob\.core\.windows\.net\/(.+?)\/?$/, 'azblob://$1/$2'],
    ]),
  publicUrl: ({ account, container, path }) =>
    `https://${account}.blob.core.windows.net/${container}${path && `/${path}`}`,
  makePublic,
  open: openTarget,
}

function makePublic({ account, container }: ContainerName): string {
  return `az storage container set-permission --account-name ${account} --name ${container} --public-access blob --auth-mode key`
}

/** To `member`, a word for a shell. A role applies to a container: each cluster has its own. */
export function writeGrant({ account, container }: Omit<ContainerName, 'path'>, member: string): string {
  const accountId = `$(az storage account show --name ${account} --query id --output tsv)`
  const scope = `"${accountId}/blobServices/default/containers/${container}"`
  return `az role assignment create --role ${shellQuote('Storage Blob Data Contributor')} --assignee ${member} --scope ${scope}`
}

interface Container {
  readonly name: string
  readonly account: string
  readonly container: string
  readonly signal: AbortSignal
  readonly secrets: Iterable<Redacted>
}

/** @throws VARIABLE_INVALID */
async function openTarget(containerName: ContainerName, context: TargetContext): Promise<PublishTarget> {
  const { account, container, path } = containerName
  const endpoint =
    originVariable(context.environment, 'PULLPASS_AZURE_BLOB_ENDPOINT', 'path') ??
    `https://${account}.blob.core.windows.net`
  const client = await openContainer(`${endpoint}/${container}`, context)
  const suffix = path && `/${path}`
  const keys = documentKeys(path)
  const here: Container = {
    name: `azblob://${account}/${container}${suffix}`,
    account,
    container,
    signal: context.signal,
    secrets: context.secrets,
  }
  const blobOf = (document: DocumentName) => client.getBlockBlobClient(keys[document])
  return {
    name: here.name,
    publicUrl: `${endpoint}/${container}${suffix}`,
    facts: documentStore(makePublic(containerName)),
    read: (document) => readBlob(here, blobOf(document)),
    write: (document, content, replaces) => writeBlob(here, blobOf(document), content, replaces),
  }
}

async function openContainer(url: string, context: TargetContext): Promise<ContainerClient> {
  const [blobs, identity, pipeline] = await Promise.all([
    import('@azure/storage-blob'),
    import('@azure/identity'),
    import('@azure/core-rest-pipeline'),
  ])
  const clients = azureHttpClients(pipeline, context)
  const credential = azureIdentity(identity, clients, context)
  return new blobs.ContainerClient(url, credential, {
    httpClient: clients.blobs,
    retryOptions: { maxTries: 3, maxRetryDelayInMs: 4000 },
  })
}

async function readBlob(here: Container, blob: BlockBlobClient): ReturnType<PublishTarget['read']> {
  try {
    const found = await blob.download(0, undefined, { abortSignal: here.signal })
    if (found.etag === undefined) throw versionMissing(here.name, 'check that the endpoint implements Blob Storage')
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

/** Another writer created, changed or deleted it, or has a lease on it. */
const conflicts = new Set(['BlobAlreadyExists', 'ConditionNotMet', 'BlobNotFound', 'LeaseIdMissing'])

async function writeBlob(
  here: Container,
  blob: BlockBlobClient,
  { text, contentType, cacheControl }: DocumentToStore,
  replaces: string | undefined,
): Promise<'written' | 'conflict'> {
  try {
    await blob.upload(text, Buffer.byteLength(text), {
      abortSignal: here.signal,
      blobHTTPHeaders: { blobContentType: contentType, blobCacheControl: cacheControl },
      conditions: replaces === undefined ? { ifNoneMatch: '*' } : { ifMatch: replaces },
    })
    return 'written'
  } catch (error) {
    here.signal.throwIfAborted()
    if (conflicts.has(azureCode(error) ?? '')) return 'conflict'
    throw azureFault(error, here, 'writing')
  }
}

// Describes an error of Azure's storage library. Its errors contain request and response: only known fields are used, and no cause is kept.

/** @see https://learn.microsoft.com/rest/api/storageservices/blob-service-error-codes */
const azureCode = (error: unknown): string | undefined => asText(asObject(error)?.['code'])

/** What an error of the library means for this target; no part of the request is kept. @internal */
export function azureFault(
  error: unknown,
  target: {
    readonly name: string
    readonly account: string
    readonly container: string
    readonly secrets: Iterable<Redacted>
  },
  doing: StoreRefusal['doing'],
): PullpassError {
  const known = faultUnder(error)
  if (known !== undefined) return known
  const status = asObject(error)?.['statusCode']
  if (typeof status !== 'number') return unknownFault(target.name, error)
  return storeFault({
    service: 'Azure',
    target: target.name,
    doing,
    status,
    secrets: target.secrets,
    message: azureCode(error), // the message contains the ID and time of the request, and for 403 more of it
    fixes: {
      denied: {
        hint: 'assign the role, which takes a few minutes to take effect',
        command: writeGrant(target, shellVariable('OPERATOR')),
      },
      missing: {
        command: `az storage container create --account-name ${target.account} --name ${target.container} --public-access blob --auth-mode login`,
      },
    },
  })
}

const unknownFault = (name: string, error: unknown) =>
  new PullpassError({
    code: 'PUBLISH_REFUSED',
    hop: 'publish',
    seen: `Azure's library could not send the request for ${name}: ${quote(error instanceof Error ? error.name : 'no reason given')}`,
    expected: 'a request that the library can send',
    hint: 'check the variable PULLPASS_AZURE_BLOB_ENDPOINT',
  })
