/**
 * A bucket of Amazon S3 or a compatible store, written with preconditions by ETag.
 * https://docs.aws.amazon.com/AmazonS3/latest/userguide/conditional-requests.html
 */
import type { S3Client } from '@aws-sdk/client-s3'
import { faultUnder, PullpassError } from '../../../errors/pullpass-error.ts'
import { systemErrorCode } from '../../../host/read-file.ts'
import type { Environment } from '../../../http/context.ts'
import { requestForLibrary } from '../../../http/library-transport.ts'
import { type DocumentToStore, documentStore, type PublishTarget } from '../../../oidc/issuer-documents.ts'
import { asObject, asText } from '../../../text/json-fields.ts'
import { quote } from '../../../text/plain-text.ts'
import type { Redacted } from '../../../text/redacted.ts'
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
import { type StoreRefusal, storeFault, versionMissing } from '../../store-errors.ts'
import { awsRequestHandler } from '../operator/library-transport.ts'
import { awsIdentity, noCredentials } from '../operator/sign-in.ts'
import { partitionOfRegion } from '../partitions.ts'

/** https://docs.aws.amazon.com/AmazonS3/latest/userguide/bucketnamingrules.html */
const bucketRule: PartRule = {
  pattern: /^[a-z0-9][a-z0-9-]{1,61}[a-z0-9]$/,
  expected:
    'the name of a bucket: 3 to 63 lower-case letters, digits and "-"; a name with "." does not match the certificate of *.s3.REGION.amazonaws.com',
}

export const store: Store<BucketName> = {
  parse: (rest) => parseBucket(rest, bucketRule),
  meaning: (text) =>
    respell(text, [
      [/^s3[an]?:\/*([^/].*)$/, 's3://$1'],
      [/^https:\/\/([a-z0-9-]+)\.s3[.-][a-z0-9-]+\.amazonaws\.com(?:\.cn)?(\/.+?)?\/?$/, 's3://$1$2'],
    ]),
  publicUrl: ({ bucket, path }) => `https://${bucket}.s3.REGION.amazonaws.com${path && `/${path}`}`,
  makePublic: ({ bucket }, environment) => makePublic(bucket, partitionIn(environment)),
  open: openBucket,
}

/**
 * The permissions with which a publisher writes one issuer's documents: objects under the path of the target, and no others of the
 * bucket, since write access to another cluster's JWKS allows signing tokens for every account of that cluster. Without
 * s3:ListBucket, S3 responds 403 for an object that does not exist; it reveals names, which are public anyway. The bucket is in
 * the partition of the member: AWS has no identities across partitions.
 * https://docs.aws.amazon.com/AmazonS3/latest/userguide/security_iam_service-with-iam.html
 */
export function writeGrant({ bucket, path }: BucketName, member: string, partition: string): string {
  const arn = bucketArn(bucket, partition)
  const objects = `${arn}/${path === '' ? '' : `${path}/`}*`
  return `allow ${member} s3:GetObject and s3:PutObject on ${objects}, and s3:ListBucket on ${arn}`
}

const bucketArn = (bucket: string, partition: string) => `arn:${partition}:s3:::${bucket}`

interface Bucket {
  readonly name: string
  readonly bucket: string
  readonly path: string
  readonly partition: string
  readonly client: S3Client
  readonly library: typeof import('@aws-sdk/client-s3')
  readonly signal: AbortSignal
  readonly secrets: Iterable<Redacted>
}

/** @throws VARIABLE_INVALID, PUBLISH_TARGET_NOT_FOUND, PUBLISH_UNAVAILABLE */
async function openBucket({ bucket, path }: BucketName, context: TargetContext): Promise<PublishTarget> {
  const { environment, signal } = context
  const endpoint =
    originVariable(environment, 'AWS_ENDPOINT_URL_S3', 'no path') ??
    originVariable(environment, 'AWS_ENDPOINT_URL', 'no path')
  const region = await bucketRegion(bucket, endpoint, context)
  const library = await import('@aws-sdk/client-s3')
  const requestHandler = awsRequestHandler(context)
  const client = new library.S3Client({
    region,
    requestHandler,
    credentials: awsIdentity({ region, requestHandler }, context),
    maxAttempts: 3,
    // Compatible stores support neither; the documents are read back and compared anyway.
    requestChecksumCalculation: 'WHEN_REQUIRED',
    responseChecksumValidation: 'WHEN_REQUIRED',
    ...(endpoint !== undefined && { endpoint, forcePathStyle: true }),
  })
  const { secrets } = context
  const partition = partitionOfRegion(region).name
  const name = `s3://${bucket}${path && `/${path}`}`
  const here: Bucket = { name, bucket, path, partition, client, library, signal, secrets }
  const keys = documentKeys(path)
  return {
    name: here.name,
    publicUrl: `${endpoint === undefined ? hostOf(bucket, region) : `${endpoint}/${bucket}`}${path && `/${path}`}`,
    facts: documentStore(makePublic(bucket, partition)),
    read: (document) => readObject(here, keys[document]),
    write: (document, content, replaces) => writeObject(here, keys[document], content, replaces),
  }
}

/** Buckets block it since April 2023: https://docs.aws.amazon.com/AmazonS3/latest/userguide/access-control-block-public-access.html */
const makePublic = (bucket: string, partition: string) =>
  [
    `aws s3api delete-public-access-block --bucket ${bucket} && aws s3api put-bucket-policy --bucket ${bucket} --policy `,
    `'{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":"*","Action":"s3:GetObject",`,
    `"Resource":"${bucketArn(bucket, partition)}/*"}]}'`,
  ].join('')

/** By its own host name: https://docs.aws.amazon.com/AmazonS3/latest/userguide/VirtualHosting.html */
const hostOf = (bucket: string, region: string) => `https://${bucket}.s3.${region}.${partitionOfRegion(region).suffix}`

async function readObject(here: Bucket, Key: string): ReturnType<PublishTarget['read']> {
  const { client, library, bucket, signal } = here
  try {
    const found = await client.send(new library.GetObjectCommand({ Bucket: bucket, Key }), { abortSignal: signal })
    if (found.ETag === undefined) throw versionMissing(here.name, 'check that the endpoint implements the S3 API')
    return { text: (await found.Body?.transformToString()) ?? '', version: found.ETag }
  } catch (error) {
    signal.throwIfAborted()
    if (error instanceof Error && error.name === 'NoSuchKey') return undefined
    throw awsFault(error, here, 'reading')
  }
}

/** Codes with which one of two concurrent writes fails. */
const conflicts = new Set(['PreconditionFailed', 'ConditionalRequestConflict'])

async function writeObject(
  here: Bucket,
  Key: string,
  { text, contentType, cacheControl }: DocumentToStore,
  replaces: string | undefined,
): Promise<'written' | 'conflict'> {
  const { client, library, bucket, signal } = here
  const put = new library.PutObjectCommand({
    Bucket: bucket,
    Key,
    Body: text,
    ContentType: contentType,
    CacheControl: cacheControl,
    ...(replaces === undefined ? { IfNoneMatch: '*' } : { IfMatch: replaces }),
  })
  try {
    await client.send(put, { abortSignal: signal })
    return 'written'
  } catch (error) {
    signal.throwIfAborted()
    if (!(error instanceof Error)) throw awsFault(error, here, 'writing')
    // With If-Match S3 responds NoSuchKey for a deleted object.
    if (conflicts.has(error.name) || error.name === 'NoSuchKey') return 'conflict'
    throw awsFault(error, here, 'writing')
  }
}

/** The region of a bucket, which is part of its URL. S3 returns it to anonymous clients in a header of every response. */
const region = /^[a-z]{2,}(?:-[a-z]+)+-[0-9]+$/

/**
 * With an endpoint, the region of the environment, or us-east-1, since compatible stores have no regions.
 * @throws PUBLISH_TARGET_NOT_FOUND, PUBLISH_UNAVAILABLE
 * @see https://docs.aws.amazon.com/AmazonS3/latest/API/API_HeadBucket.html
 * @internal
 */
export async function bucketRegion(
  bucket: string,
  endpoint: string | undefined,
  context: TargetContext,
): Promise<string> {
  const configured = configuredRegion(context.environment)
  if (endpoint !== undefined) return configured ?? 'us-east-1'
  const { status, headers } = await requestForLibrary(context, {
    hop: 'publish',
    service: 'AWS',
    method: 'HEAD',
    url: `https://${bucket}.${regionalHost(configured)}/`,
    headers: {},
  })
  if (status === 404) throw absent(bucket)
  const found = headers['x-amz-bucket-region'] ?? ''
  if (region.test(found)) return found
  if (configured !== undefined) return configured
  throw regionUnknown(bucket, status)
}

const configuredRegion = (environment: Environment) =>
  environment['AWS_REGION'] || environment['AWS_DEFAULT_REGION'] || undefined

/** Of a bucket whose region is not read: that of the configured region; without one, the reader fills it in. */
function partitionIn(environment: Environment): string {
  const configured = configuredRegion(environment)
  return configured !== undefined && region.test(configured) ? partitionOfRegion(configured).name : 'PARTITION'
}

/** Buckets of one partition of AWS do not exist in the others. */
function regionalHost(configured: string | undefined): string {
  if (configured?.startsWith('cn-')) return `s3.${configured}.amazonaws.com.cn`
  return configured?.startsWith('us-gov-') ? `s3.${configured}.amazonaws.com` : 's3.amazonaws.com'
}

const absent = (bucket: string) =>
  new PullpassError({
    code: 'PUBLISH_TARGET_NOT_FOUND',
    hop: 'publish',
    seen: `AWS responded with 404: there is no bucket ${bucket}`,
    expected: 'it to exist: pullpass does not create buckets',
    hint: 'in China or GovCloud set AWS_REGION; create the bucket',
    command: `aws s3api create-bucket --bucket ${bucket}`,
  })

const regionUnknown = (bucket: string, status: number) =>
  new PullpassError({
    code: 'PUBLISH_UNAVAILABLE',
    hop: 'publish',
    seen: `AWS responded with ${status} without the region of the bucket ${bucket}`,
    expected: 'the header x-amz-bucket-region',
    hint: 'set AWS_REGION to its region',
    retryable: true,
  })

// Errors of AWS's library contain the response, and some the request: only known fields are used, and no cause is kept.

/**
 * What an error of the library means for this target.
 * @see https://docs.aws.amazon.com/AmazonS3/latest/API/ErrorResponses.html
 * @internal
 */
export function awsFault(
  error: unknown,
  target: {
    readonly name: string
    readonly bucket: string
    readonly path: string
    readonly partition: string
    readonly secrets: Iterable<Redacted>
  },
  doing: StoreRefusal['doing'],
): PullpassError {
  const { name, bucket, path, partition, secrets } = target
  const known = faultUnder(error)
  if (known !== undefined) return known
  const fields = asObject(error)
  const code = error instanceof Error ? error.name : ''
  if (code === 'CredentialsProviderError' || code === 'TokenProviderError') return noCredentials()
  const status = asObject(fields?.['$metadata'])?.['httpStatusCode']
  if (typeof status !== 'number') return unknownFault(name, systemErrorCode(error) ?? code)
  const message = [code, asText(fields?.['message'])].filter((word) => word).join(': ')
  // AWS's token service responds 400 to an identity that it does not accept.
  const refusedIdentity = ['InvalidIdentityToken', 'ExpiredTokenException', 'IDPRejectedClaim', 'ExpiredToken']
  return storeFault({
    service: 'AWS',
    target: name,
    doing,
    status: refusedIdentity.includes(code) ? 403 : status,
    message,
    secrets,
    fixes: {
      denied: { hint: writeGrant({ bucket, path }, 'the operator', partition) },
      missing: {
        hint: 'allow anonymous reads by a bucket policy with s3:GetObject; create the bucket',
        command: `aws s3api create-bucket --bucket ${bucket}`,
      },
    },
  })
}

const unknownFault = (name: string, code: string) =>
  new PullpassError({
    code: 'PUBLISH_REFUSED',
    hop: 'publish',
    seen: `AWS's library could not send the request for ${name}: ${quote(code)}`,
    expected: 'a request that the library can send',
    hint: 'check the variables and the profile that it reads',
    command: 'aws configure list',
  })
