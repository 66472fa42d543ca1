/**
 * Requests to JFrog's platform with the operator's access token. An error is `{errors: [{code, message}]}`; the texts of its messages
 * are not documented, so its status decides. Paths and fields: https://github.com/jfrog/terraform-provider-platform (pkg/platform)
 */
import type { Context } from '../../../http/context.ts'
import type { Refusal } from '../../../http/request-errors.ts'
import { asList, asObject, asText, jsonOrNone, shortText } from '../../../text/json-fields.ts'
import { readToken } from '../../operator.ts'
import type { VendorChange } from '../../trust/marked-resource.ts'
import { statusRefusal } from '../../trust/responses.ts'
import { changeByRequest, requestTrust, type TokenApi, type TokenRequest } from '../../trust/token-api.ts'
import { operatorToken } from '../operator/sign-in.ts'

/** The platform of the documents. */
export interface Platform {
  readonly url: string
  readonly context: Context
}

const apiOf = (url: string): TokenApi => ({ token: operatorToken, header: 'bearer', origin: url, refusal })

/** @throws TRUST_CREDENTIALS_MISSING, TRUST_DENIED, TRUST_NOT_FOUND, TRUST_REFUSED, TRUST_UNAVAILABLE, RESPONSE_MALFORMED */
export const readJfrog = async <T>({ url, context }: Platform, path: string, read: (body: unknown) => T): Promise<T> =>
  await requestTrust(context, apiOf(url), { method: 'GET', path }, read)

/** What JFrog responds to a change: with JSON, text or nothing. */
const statuses = [200, 201, 202, 204]
const format = { name: 'JSON', decode: (body: string): unknown => jsonOrNone(body) ?? null }

export const changeJfrog = (
  { url, context }: Platform,
  change: Omit<VendorChange, 'words' | 'apply'>,
  request: Omit<TokenRequest, 'statuses' | 'format'>,
): VendorChange => changeByRequest(context, apiOf(url), change, { ...request, statuses, format })

export const deleteJfrog = async ({ url, context }: Platform, path: string): Promise<void> =>
  await requestTrust(context, apiOf(url), { method: 'DELETE', path, statuses, format }, () => undefined)

function refusal(status: number, body: unknown): Refusal {
  const message = asText(asObject(asList(asObject(body)?.['errors'])[0])?.['message']) ?? 'no reason'
  return statusRefusal(status, message, {
    unauthenticated: {
      hint: 'the token is of another platform, has expired or was revoked: create a new one, and set it',
      command: readToken(operatorToken.name),
    },
    denied: {
      expected: 'the token of an administrator of the platform',
      hint: 'set JFROG_ACCESS_TOKEN to one, and run the command again: it continues where it stopped',
    },
    absent: {},
  })
}

/** Of a response; empty for one that is longer than any name, description or issuer. */
export const shownText = (value: unknown): string => shortText(value) ?? ''
