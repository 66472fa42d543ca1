/** The region of a bucket, which is part of its URL; anybody may ask, S3 says it in the header of any answer. */
import { askForLibrary } from '../../../outside/ask-for-library.ts'
import { PullpassError } from '../../../outside/pullpass-error.ts'
import type { TargetOutside } from './target-outside.ts'

const region = /^[a-z]{2,}(?:-[a-z]+)+-[0-9]+$/

/**
 * Where an endpoint is set it is the environment's, or us-east-1, since what speaks S3 elsewhere knows no regions.
 * @throws PUBLISH_TARGET_MISSING, PUBLISH_UNAVAILABLE
 * @see https://docs.aws.amazon.com/AmazonS3/latest/API/API_HeadBucket.html
 */
export async function bucketRegion(
  bucket: string,
  endpoint: string | undefined,
  outside: TargetOutside,
): Promise<string> {
  const { environment } = outside
  const configured = environment['AWS_REGION'] || environment['AWS_DEFAULT_REGION'] || undefined
  if (endpoint !== undefined) return configured ?? 'us-east-1'
  const { status, headers } = await askForLibrary(outside, {
    hop: 'publish',
    who: 'AWS',
    method: 'HEAD',
    url: `https://${bucket}.${hostOf(configured)}/`,
    headers: {},
  })
  if (status === 404) throw absent(bucket)
  const said = headers['x-amz-bucket-region'] ?? ''
  if (region.test(said)) return said
  if (configured !== undefined) return configured
  throw unsaid(bucket, status)
}

/** Other partitions of AWS know nothing of the usual one's buckets, nor it of theirs. */
function hostOf(configured: string | undefined): string {
  if (configured?.startsWith('cn-')) return `s3.${configured}.amazonaws.com.cn`
  return configured?.startsWith('us-gov-') ? `s3.${configured}.amazonaws.com` : 's3.amazonaws.com'
}

const absent = (bucket: string) =>
  new PullpassError({
    code: 'PUBLISH_TARGET_MISSING',
    hop: 'publish',
    seen: `AWS answered 404: there is no bucket ${bucket}`,
    expected: 'it to exist: pullpass makes documents, no buckets',
    hint: `aws s3api create-bucket --bucket ${bucket}; in China or GovCloud set AWS_REGION`,
  })

const unsaid = (bucket: string, status: number) =>
  new PullpassError({
    code: 'PUBLISH_UNAVAILABLE',
    hop: 'publish',
    seen: `AWS answered ${status} and did not say in which region the bucket ${bucket} lies`,
    expected: 'the header x-amz-bucket-region',
    hint: 'set AWS_REGION to its region',
    retryable: true,
  })
