/**
 * A bucket of Google Cloud Storage, written with preconditions by generation.
 * https://cloud.google.com/storage/docs/request-preconditions
 *
 * Credentials come from Google's auth library. Its storage library (8.4.0) is not used: its connection pool does not use the
 * certificate authorities of the run, it follows redirects, and it has 59 dependencies for two requests.
 */
import { type Fix, PullpassError } from '../../../errors/pullpass-error.ts'
import { type LibraryRequest, requestForLibrary } from '../../../http/library-transport.ts'
import { retry } from '../../../http/retry.ts'
import type { HttpResponse } from '../../../http/transport.ts'
import { type DocumentToStore, documentStore, type PublishTarget } from '../../../oidc/issuer-documents.ts'
import { asObject, asText, jsonOrNone } from '../../../text/json-fields.ts'
import type { Redacted } from '../../../text/redacted.ts'
import { shellQuote, shellVariable } from '../../../text/shell.ts'
import { originVariable } from '../../operator.ts'
import {
  type BucketName,
  documentKeys,
  type PartRule,
  parseBucket,
  respell,
  type Store,
  type TargetContext,
} from '../../store.ts'
import { type StoreFixes, storeFault } from '../../store-errors.ts'
import { checkEndpoints, storageEndpoint } from '../endpoints.ts'
import type { IamCaller } from '../operator/caller.ts'
import { type OperatorMember, operatorMember } from '../operator/operator-member.ts'
import { type OperatorToken, operatorToken } from '../operator/sign-in.ts'

/** https://cloud.google.com/storage/docs/buckets#naming; a name with dots is that of a domain. */
const bucketRule: PartRule = {
  pattern: /^(?=.{3,222}$)[a-z0-9](?:[a-z0-9_-]{0,61}[a-z0-9])?(?:\.[a-z0-9](?:[a-z0-9_-]{0,61}[a-z0-9])?)*$/,
  expected: 'the name of a bucket: 3 or more lower-case letters, digits, "-", "_" and "."',
}

export const store: Store<BucketName> = {
  parse: (rest) => parseBucket(rest, bucketRule),

  meaning(text, environment) {
    const origin = `${storageEndpoint(environment)}/`
    if (text.startsWith(origin)) return `gs://${text.slice(origin.length).replace(/\/$/, '')}`
    return respell(text, [
      [/^(?:gs|gcs):\/*([^/].*)$/, 'gs://$1'],
      [/^https:\/\/storage\.(?:googleapis|cloud\.google)\.com\/(.+?)\/?$/, 'gs://$1'],
    ])
  },

  publicUrl: ({ bucket, path }, environment) =>
    `${storageEndpoint(environment)}/${bucket}${path === '' ? '' : `/${path}`}`,

  makePublic: ({ bucket }) => makePublic(bucket),

  open: openBucket,
}

/**
 * As a command of gcloud, to `member`, a word for a shell, with an IAM condition on the names of objects: write access to another cluster's JWKS allows signing tokens
 * for every account of that cluster. A bucket without a path belongs to one cluster.
 * https://cloud.google.com/iam/docs/conditions-resource-attributes#resource-name
 */
export function writeGrant({ bucket, path }: BucketName, member: string): string {
  const prefix = `projects/_/buckets/${bucket}/objects/${path}/`
  const condition =
    path === '' ? '--condition=None' : `--condition=title=issuer-path,expression=resource.name.startsWith("${prefix}")`
  return `gcloud storage buckets add-iam-policy-binding gs://${bucket} --role=roles/storage.objectUser --member=${member} ${shellQuote(condition)}`
}

interface Bucket {
  /** `gs://bucket/path`. */
  readonly name: string
  readonly bucket: string
  readonly endpoint: string
  /** Undefined for an emulator, which has no identities. */
  readonly token: OperatorToken | undefined
  readonly context: TargetContext
  readonly path: string
}

interface StorageRequest extends Pick<LibraryRequest, 'method' | 'url' | 'body'> {
  readonly doing: 'reading' | 'writing'
  readonly contentType?: string
}

const attempts = 4

/** @throws VARIABLE_INVALID */
function openBucket({ bucket, path }: BucketName, context: TargetContext): PublishTarget {
  checkEndpoints(context.environment)
  const emulator = originVariable(context.environment, 'STORAGE_EMULATOR_HOST', 'no path')
  const endpoint = emulator ?? storageEndpoint(context.environment)
  const name = `gs://${bucket}${path && `/${path}`}`
  const token = emulator === undefined ? operatorToken(context, publishCaller) : undefined
  const here: Bucket = { name, bucket, path, endpoint, token, context }
  const keys = documentKeys(path)
  return {
    name,
    publicUrl: `${endpoint}/${bucket}${path === '' ? '' : `/${path}`}`,
    facts: documentStore(makePublic(bucket)),
    read: (document) => readObject(here, keys[document]),
    write: (document, content, replaces) => writeObject(here, keys[document], content, replaces),
    /** Permissions are checked before preconditions, and no object has this generation: they are microseconds since 1970. */
    checkWrite: async (document, content) => {
      const result = await writeObject(here, keys[document], content, '1')
      if (result === 'written') throw ignoresPreconditions(here)
    },
  }
}

const ignoresPreconditions = ({ name, endpoint }: Bucket) =>
  new PullpassError({
    code: 'PUBLISH_REFUSED',
    hop: 'publish',
    seen: `${endpoint} wrote a document of ${name} although the precondition ifGenerationMatch was not met`,
    expected: 'a store that supports ifGenerationMatch: otherwise writers overwrite the changes of each other',
    hint: 'correct PULLPASS_GCP_STORAGE_ENDPOINT or STORAGE_EMULATOR_HOST',
  })

/** https://cloud.google.com/storage/docs/json_api/v1/objects/get */
async function readObject(here: Bucket, key: string): ReturnType<PublishTarget['read']> {
  const url = `${here.endpoint}/storage/v1/b/${here.bucket}/o/${encodeURIComponent(key)}?alt=media`
  const response = await requestStorage(here, { doing: 'reading', method: 'GET', url }, [200, 404])
  if (response.status === 404) {
    await checkBucket(here) // it responds with 404 for an object and for a bucket that does not exist
    return undefined
  }
  const version = response.headers['x-goog-generation']
  if (version === undefined) throw await refusalOf(here, 'reading', { ...response, body: '' })
  return { text: response.body, version }
}

async function checkBucket(here: Bucket): Promise<void> {
  const url = `${here.endpoint}/storage/v1/b/${here.bucket}/o?maxResults=1&fields=kind`
  await requestStorage(here, { doing: 'reading', method: 'GET', url }, [200])
}

/** https://cloud.google.com/storage/docs/json_api/v1/objects/insert, with metadata and content in one request. */
async function writeObject(
  here: Bucket,
  key: string,
  { text, contentType, cacheControl }: DocumentToStore,
  replaces: string | undefined,
): Promise<'written' | 'conflict'> {
  const boundary = boundaryFor(text)
  const part = (type: string, content: string) => `--${boundary}\r\ncontent-type: ${type}\r\n\r\n${content}\r\n`
  const metadata = JSON.stringify({ name: key, contentType, cacheControl })
  const query = new URLSearchParams({ uploadType: 'multipart', name: key, ifGenerationMatch: replaces ?? '0' })
  const response = await requestStorage(
    here,
    {
      doing: 'writing',
      method: 'POST',
      url: `${here.endpoint}/upload/storage/v1/b/${here.bucket}/o?${query.toString()}`,
      contentType: `multipart/related; boundary=${boundary}`,
      body: `${part('application/json', metadata)}${part(contentType, text)}--${boundary}--\r\n`,
    },
    [200, 412],
  )
  return response.status === 412 ? 'conflict' : 'written'
}

/** A boundary that the text does not contain. */
function boundaryFor(text: string): string {
  let boundary = 'pullpass'
  while (text.includes(boundary)) boundary += '-part'
  return boundary
}

async function requestStorage(here: Bucket, request: StorageRequest, good: readonly number[]): Promise<HttpResponse> {
  const { context } = here
  let refusal: PullpassError | undefined
  const once = async () => {
    const response = await requestOnce(context, request, await here.token?.())
    if (good.includes(response.status)) return response
    refusal = await refusalOf(here, request.doing, response)
    throw refusal
  }
  // The transport and the sign-in retry their own failures.
  const isRetryable = (fault: PullpassError) => fault === refusal && fault.retryable
  return await retry(once, { attempts, isRetryable }, context)
}

function requestOnce(
  context: TargetContext,
  { method, url, body, contentType }: StorageRequest,
  bearer: Redacted | undefined,
) {
  return requestForLibrary(context, {
    hop: 'publish',
    service: 'Google',
    method,
    url,
    headers: {
      ...(bearer !== undefined && { authorization: `Bearer ${bearer.reveal()}` }),
      ...(contentType !== undefined && { 'content-type': contentType }),
    },
    ...(body !== undefined && { body }),
  })
}

/** Refusals are JSON, or plain text for the content of an object. */
async function refusalOf(here: Bucket, doing: StorageRequest['doing'], { status, body }: HttpResponse) {
  const message = asText(asObject(asObject(jsonOrNone(body))?.['error'])?.['message'])
  const { name: target } = here
  // Without read permission listing is denied as well; a public bucket permits both.
  const { deniedToRead, ...fixes } = await fixesOf(here)
  return storeFault({
    service: 'Google',
    target,
    doing,
    status,
    message,
    fixes: doing === 'writing' ? fixes : { ...fixes, denied: deniedToRead },
    secrets: here.context.secrets,
  })
}

async function fixesOf({ bucket, path, token, context }: Bucket): Promise<StoreFixes & { readonly deniedToRead: Fix }> {
  const emulated: OperatorMember = { member: shellVariable('OPERATOR'), unknown: undefined }
  const operator = token === undefined ? emulated : await operatorMember(context.environment, publishCaller)
  const denied = writeGrant({ bucket, path }, operator.member)
  const meaning = operator.unknown === undefined ? '' : ` (${operator.unknown})`
  return {
    denied: { hint: `allow the operator to write${meaning}`, command: denied },
    deniedToRead: {
      hint: `allow public reads, and writes by the operator${meaning}`,
      command: `${makePublic(bucket)} && ${denied}`,
    },
    missing: {
      hint: 'create it in your project, PROJECT_ID, and allow public reads',
      command: `gcloud storage buckets create gs://${bucket} --project=${shellVariable('PROJECT_ID')} --uniform-bucket-level-access && ${makePublic(bucket)}`,
    },
  }
}

/** https://cloud.google.com/storage/docs/access-control/making-data-public */
const makePublic = (bucket: string) =>
  `gcloud storage buckets add-iam-policy-binding gs://${bucket} --role=roles/storage.objectViewer --member=allUsers --condition=None`

/** For errors of publishing. */
export const publishCaller: IamCaller = {
  hop: 'publish',
  codes: { credentials: 'PUBLISH_CREDENTIALS_MISSING', denied: 'PUBLISH_DENIED', absent: 'PUBLISH_TARGET_NOT_FOUND' },
}
