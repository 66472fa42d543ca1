/**
 * What lets a publisher write one issuer's documents: read and write access under the target's own path and nowhere else in
 * the bucket, since whoever writes another cluster's JWKS can sign tokens for every account of that cluster.
 * https://cloud.google.com/iam/docs/conditions-resource-attributes#resource-name,
 * https://docs.aws.amazon.com/AmazonS3/latest/userguide/security_iam_service-with-iam.html
 */
import { shellQuote } from '../text/plain-text.ts'
import type { TargetName } from './parse-target.ts'

type TargetOf<Kind extends TargetName['kind']> = Extract<TargetName, { kind: Kind }>

/** As gcloud, with an IAM condition on the names of objects; a bucket without a path is one cluster's as a whole. */
export function gcsGrant({ bucket, path }: TargetOf<'gs'>, member: string): string {
  const prefix = `projects/_/buckets/${bucket}/objects/${path}/`
  const condition =
    path === '' ? '--condition=None' : `--condition=title=issuer-path,expression=resource.name.startsWith("${prefix}")`
  const words = [`gs://${bucket}`, '--role=roles/storage.objectUser', `--member=${member}`, condition]
  return `gcloud storage buckets add-iam-policy-binding ${words.map(shellQuote).join(' ')}`
}

/** Without s3:ListBucket, S3 answers 403 for an object that is absent; it reveals names, which are public anyway. */
export function s3Grant({ bucket, path }: TargetOf<'s3'>, who: string): string {
  const objects = `arn:aws:s3:::${bucket}/${path === '' ? '' : `${path}/`}*`
  return `allow ${who} s3:GetObject and s3:PutObject on ${objects}, and s3:ListBucket on arn:aws:s3:::${bucket}`
}

/** A role is given on a container: each cluster has one of its own. `scope`: the resource id of the storage account. */
export function azureGrant({ container }: TargetOf<'azblob'>, who: string, scope: string): string {
  const words = ['--role', 'Storage Blob Data Contributor', '--assignee', who]
  const resource = `${scope}/blobServices/default/containers/${container}`
  return `az role assignment create ${words.map(shellQuote).join(' ')} --scope ${resource}`
}
