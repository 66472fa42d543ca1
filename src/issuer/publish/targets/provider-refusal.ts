/** What a refusal of Google's IAM means to who uploads keys into a provider: its sentence rarely says of what it speaks. */
import type { Refusal } from '../../../outside/answer-fault.ts'
import { iamRefusal } from '../../../providers/gcp-iam/iam-refusal.ts'
import { googleCaller } from './google-caller.ts'

export function providerRefusal(status: number, body: unknown, provider: string): Refusal | undefined {
  const refusal = iamRefusal(status, body, googleCaller)
  if (refusal === undefined || refusal.code === 'API_DISABLED' || refusal.code === 'PERIMETER_DENIED') return refusal
  return { ...refusal, expected: expectedOf(refusal, provider), hint: hintOf(status, provider) ?? refusal.hint }
}

function expectedOf({ code }: Refusal, provider: string): string {
  if (code === 'PUBLISH_TARGET_MISSING')
    return `the provider ${provider}: pullpass publishes keys into one that is there`
  if (code === 'PUBLISH_DENIED') return `that the operator may read and change the provider ${provider}`
  return `an answer about the provider ${provider}`
}

/** https://cloud.google.com/iam/docs/workload-identity-federation-with-other-providers#create-pool-provider */
function hintOf(status: number, provider: string): string | undefined {
  const [, project = 'PROJECT'] = provider.split('/')
  if (status === 404)
    return `pullpass trust apply -f FILE makes it, with its pool; in a pool that is there: gcloud iam workload-identity-pools providers create-oidc ${provider} --issuer-uri=ISSUER --attribute-mapping=google.subject=assertion.sub`
  if (status === 403)
    return `grant it to the operator, or a role with what Google names: gcloud projects add-iam-policy-binding ${project} --role=roles/iam.workloadIdentityPoolAdmin --member=OPERATOR --condition=None`
  if (status >= 500) return 'nothing to do if it passes; what is published stays'
  return status === 400 ? 'see what Google says of it; what is published stays' : undefined
}
