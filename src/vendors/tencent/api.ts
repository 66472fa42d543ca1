/** Requests to Tencent Cloud's APIs 3.0: the action is a header, and errors have the status 200. https://www.tencentcloud.com/document/product/598/32225 */
import type { SentRequest } from '../../http/send.ts'
import { asObject, asText, type JsonObject } from '../../text/json-fields.ts'
import type { Redacted } from '../../text/redacted.ts'
import { authorizationOf, type TencentCredentials } from './sign.ts'

const versions = { sts: '2018-08-13', tcr: '2019-09-24', cam: '2019-01-16' }

export interface ApiAction {
  readonly service: keyof typeof versions
  readonly action: string
  /** Absent: of an action without one. */
  readonly region?: string
}

/** Undefined credentials: the request carries a token of its own instead of a signature. */
export const headersOf =
  ({ service, action, region }: ApiAction, credentials: TencentCredentials | undefined) =>
  (sent: SentRequest): Readonly<Record<string, string | Redacted>> => ({
    'x-tc-action': action,
    'x-tc-version': versions[service],
    ...(region !== undefined && { 'x-tc-region': region }),
    'x-tc-timestamp': String(Math.floor(sent.now.getTime() / 1000)),
    ...(credentials?.token !== undefined && { 'x-tc-token': credentials.token }),
    authorization: credentials === undefined ? 'SKIP' : authorizationOf(sent, credentials, { service, action }),
  })

export const responseOf = (body: unknown): JsonObject | undefined => asObject(asObject(body)?.['Response'])

export interface ApiError {
  readonly code: string
  readonly message: string
}

/** Undefined: the response is not an error, or that of an intermediary. */
export function errorOf(body: unknown): ApiError | undefined {
  const error = asObject(responseOf(body)?.['Error'])
  return error && { code: asText(error['Code']) ?? '', message: asText(error['Message']) ?? '' }
}

export const refused = (body: unknown): boolean => errorOf(body) !== undefined

/** What a refusal for a missing permission names: `perform operation (cam:GetRole)\nresource (qcs::…) has no permission`. */
export function deniedIn(message: string): { readonly action?: string; readonly resource?: string } {
  const text = message.slice(0, longestMessage)
  const [, action] = /perform operation \(([a-z-]{1,40}:[A-Za-z]{1,80})\)/.exec(text) ?? []
  const [, resource] = /resource \(([!-'*-~]{1,600})\) has no permission/.exec(text) ?? []
  return { ...(action !== undefined && { action }), ...(resource !== undefined && { resource }) }
}

const longestMessage = 2000
