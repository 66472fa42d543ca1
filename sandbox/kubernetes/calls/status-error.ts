/** Error responses of the API: a Status with reason, details and causes, with the messages of the API.
 *  https://kubernetes.io/docs/reference/kubernetes-api/common-definitions/status/ */

export interface StatusCause {
  readonly reason: string
  readonly message: string
  readonly field?: string
}

export interface StatusDetails {
  readonly name?: string
  readonly kind?: string
  readonly group?: string
  readonly uid?: string
  readonly retryAfterSeconds?: number
  readonly causes?: readonly StatusCause[]
}

export interface Status {
  readonly kind: 'Status'
  readonly apiVersion: 'v1'
  readonly metadata: { readonly continue?: string }
  readonly status: 'Failure' | 'Success'
  readonly message?: string
  readonly reason?: string
  readonly details?: StatusDetails
  readonly code?: number
}

/** An error response: thrown by any check, rendered in one place. */
export class StatusError extends Error {
  readonly status: Status & { readonly code: number }

  constructor(code: number, reason: string | undefined, message: string, details?: StatusDetails) {
    super(message)
    this.name = 'StatusError'
    this.status = {
      kind: 'Status',
      apiVersion: 'v1',
      metadata: {},
      status: 'Failure',
      message,
      ...(reason && { reason }),
      ...(details && { details }),
      code,
    }
  }
}

/** The subject of an error: the plural of the kind, and the object's name if there is one. */
export interface Subject {
  /** Absent: the core group. */
  readonly group?: string
  readonly kind: string
  readonly name: string
}

/** `secrets`, `endpointslices.discovery.k8s.io`. */
const printKind = ({ kind, group }: Pick<Subject, 'kind' | 'group'>): string => (group ? `${kind}.${group}` : kind)

export const badRequest = (message: string): StatusError => new StatusError(400, 'BadRequest', message)

/** An error that the API does not classify. */
export const internalError = (message: string): StatusError => new StatusError(500, undefined, message)

export const unauthorized = (): StatusError => new StatusError(401, 'Unauthorized', 'Unauthorized')

export const notFound = (subject: Subject): StatusError =>
  new StatusError(404, 'NotFound', `${printKind(subject)} "${subject.name}" not found`, subject)

export const noSuchResource = (): StatusError =>
  new StatusError(404, 'NotFound', 'the server could not find the requested resource', {})

export const methodNotAllowed = (): StatusError =>
  new StatusError(405, 'MethodNotAllowed', 'the server does not allow this method on the requested resource', {})

export const alreadyExists = (subject: Subject, state: 'active' | 'terminating'): StatusError => {
  const message = `${printKind(subject)} "${subject.name}" already exists`
  return new StatusError(
    409,
    'AlreadyExists',
    state === 'terminating' ? `object is being deleted: ${message}` : message,
    subject,
  )
}

/** A conflict: the version or uid of the write is not the object's. */
export const conflict = (subject: Subject, why: string): StatusError =>
  new StatusError(
    409,
    'Conflict',
    `Operation cannot be fulfilled on ${printKind(subject)} "${subject.name}": ${why}`,
    subject,
  )

export const modified = (subject: Subject): StatusError =>
  conflict(subject, 'the object has been modified; please apply your changes to the latest version and try again')

export const forbidden = (
  subject: Omit<Subject, 'name'> & { readonly name?: string },
  why: string,
  causes?: StatusCause[],
): StatusError =>
  new StatusError(
    403,
    'Forbidden',
    `${printKind(subject)}${subject.name ? ` "${subject.name}"` : ''} is forbidden: ${why}`,
    { ...subject, ...(causes && { causes }) },
  )

/** A validation error; `kind` is the kind itself here, not its plural. */
export const invalid = (subject: Subject, causes: readonly StatusCause[]): StatusError => {
  const { name, group, kind } = subject
  const what = [...new Set(causes.map(({ field, message }) => `${field}: ${message}`))]
  return new StatusError(
    422,
    'Invalid',
    `${printKind(subject)} "${name}" is invalid: ${what.length === 1 ? what[0] : `[${what.join(', ')}]`}`,
    { ...(name && { name }), ...(group && { group }), ...(kind && { kind }), causes },
  )
}

export const invalidValue = (field: string, value: unknown, why: string): StatusCause => ({
  reason: 'FieldValueInvalid',
  message: `Invalid value: ${JSON.stringify(value)}: ${why}`,
  field,
})

export const requiredValue = (field: string, why?: string): StatusCause => ({
  reason: 'FieldValueRequired',
  message: why ? `Required value: ${why}` : 'Required value',
  field,
})

export const forbiddenValue = (field: string, why: string): StatusCause => ({
  reason: 'FieldValueForbidden',
  message: `Forbidden: ${why}`,
  field,
})

export const tooLong = (field: string, maxBytes: number): StatusCause => ({
  reason: 'FieldValueTooLong',
  message: `Too long: may not be more than ${maxBytes} bytes`,
  field,
})

export const tooLarge = (limitBytes: number): StatusError =>
  new StatusError(413, 'RequestEntityTooLarge', `Request entity too large: limit is ${limitBytes}`)

export const notAcceptable = (accepted: readonly string[]): StatusError =>
  new StatusError(406, 'NotAcceptable', `only the following media types are accepted: ${accepted.join(', ')}`)

/** Errors of the router, before a handler gets the request. */
export const unroutable = (code: 406 | 415, text: string): StatusError =>
  new StatusError(code, code === 406 ? 'NotAcceptable' : 'UnsupportedMediaType', `${code}: ${text}`, {})

export const unsupportedMediaType = (accepted: readonly string[]): StatusError =>
  new StatusError(
    415,
    'UnsupportedMediaType',
    `the body of the request was in an unknown format - accepted media types include: ${accepted.join(', ')}`,
  )

/** A version that the server has not reached: a client got it from another server. */
export const tooLargeVersion = (requested: string, current: number): StatusError =>
  new StatusError(504, 'Timeout', `Timeout: Too large resource version: ${requested}, current: ${current}`, {
    causes: [{ reason: 'ResourceVersionTooLarge', message: 'Too large resource version' }],
    retryAfterSeconds: 1,
  })

/** A compacted version or continue token; the new token continues the list, without consistency. */
export const expired = (message: string, token?: string): StatusError => {
  const error = new StatusError(410, 'Expired', message)
  return token ? Object.assign(error, { status: { ...error.status, metadata: { continue: token } } }) : error
}
