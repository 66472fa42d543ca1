/** The part of pullpass that uses the operator's credentials, for the hop and codes of errors: publishing or trust. */
import type { ErrorCode } from '../../../errors/codes.ts'
import { type Hop, unspecificCodes } from '../../../errors/pullpass-error.ts'
import type { Environment } from '../../../http/context.ts'
import type { Refusal } from '../../../http/request-errors.ts'
import type { SendContext } from '../../../http/send.ts'
import { asObject, asText } from '../../../text/json-fields.ts'
import type { Redacted } from '../../../text/redacted.ts'
import { accessRefusal } from '../access-refusals.ts'

export interface IamCaller {
  readonly hop: Hop
  readonly codes: {
    /** No operator's credentials were found. */
    readonly credentials: ErrorCode
    /** Google refuses the operator, or the credentials. */
    readonly denied: ErrorCode
    /** The resource does not exist. */
    readonly absent: ErrorCode
    /** Of long-running operations; absent: as of any other request. */
    readonly operationFailed?: ErrorCode
    readonly operationUnfinished?: ErrorCode
  }
}

export type IamContext = SendContext & { readonly environment: Environment }

/** The meaning of a refusal of Google's IAM for the caller. https://cloud.google.com/apis/design/errors */
export function iamRefusal(status: number, body: unknown, { hop, codes }: IamCaller): Refusal | undefined {
  const message = asText(asObject(asObject(body)?.['error'])?.['message'])
  if (message === undefined) return undefined
  const access = accessRefusal(body)
  if (access !== undefined) return access
  if (status === 401)
    return { code: codes.denied, message, hint: 'check which credentials are used, and sign in again' }
  if (status === 403) return { code: codes.denied, message, hint: 'grant the operator the permission in the message' }
  if (status === 404) return { code: codes.absent, message }
  if (status === 429)
    return { code: 'QUOTA_EXCEEDED', message, retryable: true, hint: 'no action if this is temporary' }
  const unspecific = unspecificCodes(hop)
  return status >= 500
    ? { code: unspecific.unavailable, message, retryable: true }
    : { code: unspecific.refused, message }
}

/** An access token that Google granted the operator, until its expiry on this machine's clock. */
export interface GrantedToken {
  readonly value: Redacted
  readonly expiresAt: Date
}
