/** What a refusal of Google's IAM means to whoever asks on the operator's behalf. https://cloud.google.com/apis/design/errors */
import type { Refusal } from '../../outside/answer-fault.ts'
import { asObject, asText } from '../../outside/json-fields.ts'
import { unspecificCodes } from '../../outside/unspecific-codes.ts'
import { accessRefusal } from '../gcp-access-refusal.ts'
import type { IamCaller } from './iam-caller.ts'

export function iamRefusal(status: number, body: unknown, { hop, codes }: IamCaller): Refusal | undefined {
  const message = asText(asObject(asObject(body)?.['error'])?.['message'])
  if (message === undefined) return undefined
  const access = accessRefusal(body)
  if (access !== undefined) return access
  if (status === 401) return { code: codes.denied, message, hint: 'see which credentials are used, and sign in again' }
  if (status === 403)
    return { code: codes.denied, message, hint: 'grant the operator the permission that Google names' }
  if (status === 404) return { code: codes.absent, message }
  if (status === 429) return { code: 'QUOTA_EXCEEDED', message, retryable: true, hint: 'nothing to do if it passes' }
  const unspecific = unspecificCodes(hop)
  return status >= 500
    ? { code: unspecific.unavailable, message, retryable: true }
    : { code: unspecific.refused, message }
}
