/**
 * What lets a publisher write one issuer's documents: read and write access under the target's own path and nowhere else in the
 * bucket, since write access to another cluster's JWKS allows signing tokens for every account of that cluster. Without
 * s3:ListBucket, S3 responds with 403 for an object that does not exist; it reveals names, which are public anyway.
 * https://docs.aws.amazon.com/AmazonS3/latest/userguide/security_iam_service-with-iam.html
 */
import type { BucketName } from '../store.ts'

export function writeGrant({ bucket, path }: BucketName, member: string): string {
  const objects = `arn:aws:s3:::${bucket}/${path === '' ? '' : `${path}/`}*`
  return `allow ${member} s3:GetObject and s3:PutObject on ${objects}, and s3:ListBucket on arn:aws:s3:::${bucket}`
}
