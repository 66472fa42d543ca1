/** Error responses of Google's APIs (google.rpc.Status). https://cloud.google.com/apis/design/errors */
import type { SandboxResponse } from '../serve/handler.ts'

export const apiError = (code: number, status: string, message: string, details?: object): SandboxResponse => ({
  status: code,
  body: { error: { code, message, status, ...(details && { details: [details] }) } },
})

export const errorInfo = (reason: string, domain: string, metadata: object): object => ({
  '@type': 'type.googleapis.com/google.rpc.ErrorInfo',
  reason,
  domain,
  metadata,
})

/** The status is confirmed for every use; without a message it has Google's generic message. */
export const invalidArgument = (message = 'Request contains an invalid argument.'): SandboxResponse =>
  apiError(400, 'INVALID_ARGUMENT', message)

export const notFound = (message = 'Requested entity was not found.'): SandboxResponse =>
  apiError(404, 'NOT_FOUND', message)

export const alreadyExists = (message = 'Requested entity already exists'): SandboxResponse =>
  apiError(409, 'ALREADY_EXISTS', message)

/** Google's generic message for a resource that is in the wrong state for the call; not confirmed for each call. */
export const failedPrecondition = (message = 'Precondition check failed.'): SandboxResponse =>
  apiError(400, 'FAILED_PRECONDITION', message)

/** The response for a path without a method: an HTML page, not JSON. */
export const noSuchMethod: SandboxResponse = {
  status: 404,
  headers: { 'content-type': 'text/html; charset=UTF-8' },
  body: '<!DOCTYPE html>\n<html lang=en>\n<title>Error 404 (Not Found)!!1</title>\n',
}

const expectedCredential =
  'Expected OAuth 2 access token, login cookie or other valid authentication credential. ' +
  'See https://developers.google.com/identity/sign-in/web/devconsole-project.'

export const missingCredential: SandboxResponse = apiError(
  401,
  'UNAUTHENTICATED',
  `Request is missing required authentication credential. ${expectedCredential}`,
)

export const invalidCredential: SandboxResponse = apiError(
  401,
  'UNAUTHENTICATED',
  `Request had invalid authentication credentials. ${expectedCredential}`,
)

export const insufficientScopes = (service: string, method?: string): SandboxResponse =>
  apiError(
    403,
    'PERMISSION_DENIED',
    'Request had insufficient authentication scopes.',
    errorInfo('ACCESS_TOKEN_SCOPE_INSUFFICIENT', 'googleapis.com', { service, ...(method && { method }) }),
  )

/** Also for a resource that does not exist. `resource` excludes the service; service accounts are not named. */
export function permissionDenied(permission: string, service: string, resource?: string): SandboxResponse {
  const where = resource === undefined ? '' : ` '//${service}/${resource}'`
  return apiError(
    403,
    'PERMISSION_DENIED',
    `Permission '${permission}' denied on resource${where} (or it may not exist).`,
    errorInfo('IAM_PERMISSION_DENIED', 'iam.googleapis.com', { permission, ...(resource && { resource }) }),
  )
}

/** A per-minute quota is exhausted: 429, with the consumer by its project number. */
export const quotaExceeded = (service: string, projectNumber: string, limit: number): SandboxResponse =>
  apiError(
    429,
    'RESOURCE_EXHAUSTED',
    `Quota exceeded for quota metric 'Write requests' and limit 'Write requests per minute' of service '${service}' for consumer 'project_number:${projectNumber}'.`,
    errorInfo('RATE_LIMIT_EXCEEDED', 'googleapis.com', {
      consumer: `projects/${projectNumber}`,
      quota_limit_value: `${limit}`,
      service,
    }),
  )

/** An error response of Google's token service. RFC 6749 §5.2. */
export interface Refusal {
  readonly error: string
  readonly error_description: string
}
