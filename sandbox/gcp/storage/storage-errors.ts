/** Error responses of Cloud Storage's JSON API. https://cloud.google.com/storage/docs/json_api/v1/status-codes */
import type { SandboxResponse } from '../../serve/handler.ts'

type Location = { readonly locationType: 'header' | 'parameter'; readonly location: string }

export const storageError = (code: number, reason: string, message: string, location?: Location): SandboxResponse => ({
  status: code,
  body: { error: { code, message, errors: [{ message, domain: 'global', reason, ...location }] } },
})

const authorization: Location = { locationType: 'header', location: 'Authorization' }

export const bucketNotFound: SandboxResponse = storageError(404, 'notFound', 'The specified bucket does not exist.')

/** Plain text if the content itself was requested. */
export function objectNotFound(bucket: string, name: string, form: 'json' | 'text'): SandboxResponse {
  const message = `No such object: ${bucket}/${name}`
  if (form === 'json') return storageError(404, 'notFound', message)
  return { status: 404, headers: { 'content-type': 'text/html; charset=UTF-8' }, body: message }
}

export const preconditionFailed: SandboxResponse = storageError(
  412,
  'conditionNotMet',
  'At least one of the pre-conditions you specified did not hold.',
  { locationType: 'header', location: 'If-Match' },
)

export const publicAccessPrevented: SandboxResponse = storageError(
  412,
  'conditionNotMet',
  'The member bindings allUsers and allAuthenticatedUsers are not allowed since public access prevention is enforced.',
)

/** The refusal is documented; its message is not confirmed. */
export const publicUnderCondition: SandboxResponse = storageError(
  400,
  'invalid',
  'Conditions are not supported for the members allUsers and allAuthenticatedUsers.',
)

export const invalidCredentials: SandboxResponse = storageError(401, 'authError', 'Invalid Credentials', authorization)

/** `member`: undefined for an anonymous client. */
export function accessDenied(member: string | undefined, permission: string): SandboxResponse {
  const message = denial(member, permission)
  return member === undefined
    ? storageError(401, 'required', message, authorization)
    : storageError(403, 'forbidden', message)
}

/** The message, also of the XML API. */
export function denial(member: string | undefined, permission: string): string {
  const what = permission.startsWith('storage.buckets.') ? 'bucket' : 'object'
  const name = member?.replace(/^(?:user|serviceAccount):/, '') ?? 'Anonymous caller'
  return `${name} does not have ${permission} access to the Google Cloud Storage ${what}. Permission '${permission}' denied on resource (or it may not exist).`
}
