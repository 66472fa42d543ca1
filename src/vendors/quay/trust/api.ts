/**
 * The API of Quay for administrators of organizations; error responses become errors of the hop trust. An error of the API is
 * `{error_type, error_message, …}`, one of its data `{message}` with status 400.
 * https://github.com/quay/quay: endpoints/exception.py, endpoints/decorated.py
 */
import type { Refusal } from '../../../http/request-errors.ts'
import { asObject, asText } from '../../../text/json-fields.ts'
import { throttled, unavailable } from '../../operator.ts'
import type { TokenApi } from '../../trust/token-api.ts'
import { operatorToken, scopes } from '../operator/sign-in.ts'
import type { DesiredRobot } from './desired.ts'

export const apiOf = ({ server }: Pick<DesiredRobot, 'server'>): TokenApi => ({
  token: operatorToken,
  header: 'bearer',
  origin: server,
  refusal: refusalOf,
})

function refusalOf(status: number, body: unknown): Refusal | undefined {
  const { error_message: text, message: plain } = asObject(body) ?? {}
  const message = asText(text) ?? asText(plain)
  if (status === 429) return throttled(message ?? '')
  if (message === undefined) return undefined
  if (status >= 500) return unavailable(message)
  switch (status) {
    case 401:
      return {
        code: 'TRUST_DENIED',
        message,
        expected: `variable ${operatorToken.name} to have a valid access token`,
        hint: 'a token expires, and ends with the account that created it: create another one, and set it',
      }
    case 403:
      return {
        code: 'TRUST_DENIED',
        message,
        expected: `an access token of an administrator of the organization, with the scopes ${scopes}`,
        hint: 'create one, set it, and run the command again: it continues where it stopped',
      }
    case 404:
      return notFound(message)
    default:
      return ofData(message)
  }
}

const notFound = (message: string): Refusal => ({
  code: 'TRUST_NOT_FOUND',
  message,
  expected: 'Quay 3.13 or newer, which has the federation of robots',
  hint: 'correct the names under quay, or update Quay; then run the command again',
})

/** Changed since it was read, or by a request whose response was lost: these errors have no code of their own. */
function ofData(message: string): Refusal {
  if (message.startsWith('Existing robot with name')) return { code: 'TRUST_CONFLICT', message }
  if (/^Could not find robot |^User does not have permission /.test(message)) return notFound(message)
  return { code: 'TRUST_REFUSED', message }
}
