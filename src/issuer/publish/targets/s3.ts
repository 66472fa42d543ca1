/**
 * A bucket at Amazon S3, or at what speaks its protocol, written with preconditions by ETag.
 * https://docs.aws.amazon.com/AmazonS3/latest/userguide/conditional-requests.html
 */
import type { S3Client } from '@aws-sdk/client-s3'
import type { Redacted } from '../../../outside/redacted.ts'
import {
  type DocumentName,
  type DocumentToStore,
  documentPaths,
  type PublishTarget,
} from '../../documents/publish-target.ts'
import type { TargetName } from '../parse-target.ts'
import { awsFault } from './aws-fault.ts'
import { awsIdentity } from './aws-identity.ts'
import { awsRequestHandler } from './aws-request-handler.ts'
import { bucketRegion } from './bucket-region.ts'
import { originVariable } from './origin-variable.ts'
import type { TargetOutside } from './target-outside.ts'
import { versionMissing } from './version-missing.ts'

type BucketName = Extract<TargetName, { kind: 's3' }>

interface Bucket {
  readonly name: string
  readonly bucket: string
  readonly path: string
  readonly client: S3Client
  readonly library: typeof import('@aws-sdk/client-s3')
  readonly signal: AbortSignal
  readonly secrets: Iterable<Redacted>
}

/** @throws VARIABLE_INVALID, PUBLISH_TARGET_MISSING, PUBLISH_UNAVAILABLE */
export async function s3({ bucket, path }: BucketName, outside: TargetOutside): Promise<PublishTarget> {
  const { environment, signal } = outside
  const endpoint =
    originVariable(environment, 'AWS_ENDPOINT_URL_S3', 'no path') ??
    originVariable(environment, 'AWS_ENDPOINT_URL', 'no path')
  const region = await bucketRegion(bucket, endpoint, outside)
  const library = await import('@aws-sdk/client-s3')
  const requestHandler = awsRequestHandler(outside)
  const client = new library.S3Client({
    region,
    requestHandler,
    credentials: awsIdentity(library, { region, requestHandler }, outside),
    maxAttempts: 3,
    // Others that speak S3 know neither; what is read is compared with what was written anyway.
    requestChecksumCalculation: 'WHEN_REQUIRED',
    responseChecksumValidation: 'WHEN_REQUIRED',
    ...(endpoint !== undefined && { endpoint, forcePathStyle: true }),
  })
  const under = path === '' ? '' : `${path}/`
  const { secrets } = outside
  const here: Bucket = { name: `s3://${bucket}${path && `/${path}`}`, bucket, path, client, library, signal, secrets }
  const keyOf = (document: DocumentName) => `${under}${documentPaths[document]}`
  return {
    name: here.name,
    issuerUrl: `${endpoint === undefined ? hostOf(bucket, region) : `${endpoint}/${bucket}`}${path && `/${path}`}`,
    openToAll: openToAll(bucket),
    holds: ['jwks', 'discovery'],
    read: (document) => readObject(here, keyOf(document)),
    write: (document, content, replaces) => writeObject(here, keyOf(document), content, replaces),
  }
}

/** Buckets block it since April 2023: https://docs.aws.amazon.com/AmazonS3/latest/userguide/access-control-block-public-access.html */
const openToAll = (bucket: string) =>
  [
    `aws s3api delete-public-access-block --bucket ${bucket} && aws s3api put-bucket-policy --bucket ${bucket} --policy `,
    `'{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":"*","Action":"s3:GetObject",`,
    `"Resource":"arn:aws:s3:::${bucket}/*"}]}'`,
  ].join('')

/** By its own host name: https://docs.aws.amazon.com/AmazonS3/latest/userguide/VirtualHosting.html */
const hostOf = (bucket: string, region: string) =>
  `https://${bucket}.s3.${region}.amazonaws.com${region.startsWith('cn-') ? '.cn' : ''}`

async function readObject(here: Bucket, Key: string): ReturnType<PublishTarget['read']> {
  const { client, library, bucket, signal } = here
  try {
    const found = await client.send(new library.GetObjectCommand({ Bucket: bucket, Key }), { abortSignal: signal })
    if (found.ETag === undefined) throw versionMissing(here.name, 'see that the endpoint speaks S3')
    return { text: (await found.Body?.transformToString()) ?? '', version: found.ETag }
  } catch (error) {
    signal.throwIfAborted()
    if (error instanceof Error && error.name === 'NoSuchKey') return undefined
    throw awsFault(error, here, 'reading')
  }
}

/** Of two that write at once the one is told that its precondition failed, or that there was a conflict: outrun, both. */
const outrun = new Set(['PreconditionFailed', 'ConditionalRequestConflict'])

async function writeObject(
  here: Bucket,
  Key: string,
  { text, contentType, cacheControl }: DocumentToStore,
  replaces: string | undefined,
): Promise<'written' | 'outrun'> {
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
    // With If-Match S3 says of an object that is gone that there is no such key.
    if (outrun.has(error.name) || error.name === 'NoSuchKey') return 'outrun'
    throw awsFault(error, here, 'writing')
  }
}
