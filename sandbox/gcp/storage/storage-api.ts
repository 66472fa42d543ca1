/** Cloud Storage under one host: its JSON API, and objects by `/BUCKET/OBJECT`. */
import type { SandboxHandler } from '../../serve/handler.ts'
import type { PolicyCallNeeds } from '../iam/policy-calls.ts'
import { type BucketAccessNeeds, createBucketAccess } from './bucket-access.ts'
import { respondToJsonApi } from './json-api.ts'
import { respondToPublicRead } from './public-reads.ts'

export function storageApi(needs: BucketAccessNeeds & { readonly policyCalls: PolicyCallNeeds }): SandboxHandler {
  const both = { ...needs, access: createBucketAccess(needs) }
  return (request) =>
    /^\/(?:upload\/|download\/)?storage\/v1\//.test(request.path)
      ? respondToJsonApi(request, both)
      : respondToPublicRead(request, both)
}
