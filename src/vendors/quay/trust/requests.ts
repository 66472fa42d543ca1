/**
 * The API of Quay for administrators of organizations; error responses become errors of the hop trust. An error of the API is
 * `{error_type, error_message, …}`, one of its data `{message}` with status 400.
 * https://github.com/quay/quay: endpoints/exception.py, endpoints/decorated.py
 */
import type { Refusal } from '../../../http/request-errors.ts'
import { asObject, asText } from '../../../text/json-fields.ts'
import { readToken } from '../../operator.ts'
import { statusRefusal, throttled } from '../../trust/responses.ts'
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
  if (message === undefined) return status === 429 ? throttled('') : undefined
  return statusRefusal(status === 400 ? statusOfData(message) : status, message, {
    unauthenticated: {
      expected: `variable ${operatorToken.name} to have a valid access token`,
      hint: 'a token expires, and ends with the account that created it: create another one, and set it',
      command: readToken(operatorToken.name),
    },
    denied: {
      expected: `an access token of an administrator of the organization, with the scopes ${scopes}`,
      hint: 'create one, set QUAY_TOKEN to it, and run the command again: it continues where it stopped',
    },
    absent: {
      expected: 'Quay 3.13 or newer, which has the federation of robots',
      hint: 'correct the names under quay, or update Quay; then run the command again',
    },
  })
}

/** Changed since it was read, or by a request whose response was lost: these errors have the status of all others. */
function statusOfData(message: string): 400 | 404 | 409 {
  if (message.startsWith('Existing robot with name')) return 409
  return /^Could not find robot |^User does not have permission /.test(message) ? 404 : 400
}
