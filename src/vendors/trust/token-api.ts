/**
 * The API of a vendor whose operator signs in with a token in a variable, and that has no command-line tool for trust: a change is one
 * request, which `trust apply` sends and `trust plan -o` prints as a command of curl.
 */
import type { Context } from '../../http/context.ts'
import type { Refusal } from '../../http/request-errors.ts'
import { type ApiRequest, send } from '../../http/send.ts'
import { plainJson } from '../../text/plain-text.ts'
import { type TokenVariable, tokenIn, withoutSecrets } from '../operator.ts'
import type { VendorChange } from './marked-resource.ts'

export interface TokenApi {
  readonly token: TokenVariable
  /** The header with the token: `bearer` is that of RFC 6750. */
  readonly header: 'bearer' | 'x-api-key'
  readonly origin: string
  /** The meaning of an error response; undefined if it is unknown. */
  readonly refusal: (status: number, body: unknown) => Refusal | undefined
}

export interface TokenRequest extends Pick<ApiRequest<unknown>, 'json' | 'statuses' | 'repeat' | 'format'> {
  readonly method: 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE'
  /** Below the origin, with encoded names. */
  readonly path: string
}

/** @throws TRUST_CREDENTIALS_MISSING, RESPONSE_MALFORMED, and what the vendor's refusals are */
export async function requestTrust<T>(
  context: Context,
  { token, header, origin, refusal }: TokenApi,
  { path, ...request }: TokenRequest,
  read: (body: unknown) => T,
): Promise<T> {
  const value = tokenIn(context.environment, token)
  return await send(context, {
    ...request,
    hop: 'trust',
    service: token.service,
    url: `${origin}${path}`,
    ...(header === 'bearer' ? { bearer: value } : { headers: () => ({ [header]: value }) }),
    refusal,
    read: ({ body }) => read(withoutSecrets(body, context.secrets)),
  })
}

/** A change by one request; its response is not read. */
export const changeByRequest = (
  context: Context,
  api: TokenApi,
  change: Omit<VendorChange, 'words' | 'apply'>,
  request: TokenRequest,
): VendorChange => ({
  ...change,
  words: curlWords(api, request),
  apply: async () => await requestTrust(context, api, request, () => undefined),
})

/** The beginning of a command: the token is in no argument, which every user of a machine can read. */
export const curlOf = ({ token, header }: Pick<TokenApi, 'token' | 'header'>): string =>
  `printf '${header === 'bearer' ? 'authorization: Bearer' : `${header}:`} %s' "\${${token.name}:?}" | curl -fsS -H @-`

/**
 * The response to a change can contain a password, such as that of a new account: it is not printed. Control and direction characters of
 * external text are escapes of JSON, so that what is pasted is what `apply` sends.
 */
export const curlWords = ({ origin }: TokenApi, { method, path, json }: TokenRequest): string[] => [
  ...(method === 'GET' ? [] : ['-o', '/dev/null', '-X', method]),
  ...(json === undefined ? [] : ['-H', 'content-type: application/json', '-d', plainJson(JSON.stringify(json))]),
  `${origin}${path}`,
]
