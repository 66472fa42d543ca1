/**
 * An exchange that is one request: the token goes out in a named place, and the credential is read from named places of the
 * response. Places are JSON pointers (RFC 6901).
 */
import type { CredentialWarning, RegistryCredential } from '../credential/registry-credential.ts'
import type { ExchangeHop } from '../errors/pullpass-error.ts'
import { type ApiRequest, type ApiResponse, checkedText, send, UnexpectedResponse } from '../http/send.ts'
import { asObject, atPointer, jsonOrNone } from '../text/json-fields.ts'
import { Redacted } from '../text/redacted.ts'
import { clockSkewMs, expiryOf } from './expiry.ts'
import type { ExchangeContext, RegistryOf } from './vendor.ts'

export interface FederatedExchange extends Omit<ApiRequest<never>, 'hop' | 'read'> {
  /** Absent: `exchange`. */
  readonly hop?: ExchangeHop
  readonly response: ResponsePlaces
  readonly lifetime: Lifetime
  /** A text, or derived from the response; absent: it is at a place of the response. */
  readonly username?: string | ((body: unknown) => string)
  /** How a longer lifetime is set, for the warning about a short one. */
  readonly lifetimeFix?: string
  readonly warnings?: readonly CredentialWarning[]
}

interface ResponsePlaces {
  readonly password: string
  readonly username?: string | undefined
  /** Seconds, counted from the request. */
  readonly expiresIn?: string | undefined
  /** RFC 3339, or seconds or milliseconds since 1970. */
  readonly expiresAt?: string | undefined
}

interface Lifetime {
  /** Where the response states none; absent: that is an error. */
  readonly defaultSeconds?: number | undefined
  /** A longer one is not relied on. */
  readonly maxSeconds: number
}

/** Seconds; enough for two runs of a CronJob at the usual interval to be late is 35 minutes, but not all can be configured. */
const shortSeconds = 600

export async function exchangeAt(
  { hosts }: RegistryOf<unknown>,
  exchange: FederatedExchange,
  context: ExchangeContext,
): Promise<RegistryCredential> {
  const { hop = 'exchange', response, lifetime, username, lifetimeFix, warnings = [], ...request } = exchange
  return await send(context, {
    ...request,
    hop,
    read: (answer) => {
      const password = textAt(answer.body, response.password)
      const expiresAt = readExpiry(answer, password, { response, lifetime })
      const seconds = Math.floor((expiresAt.getTime() - answer.receivedAt.getTime()) / 1000)
      return {
        hosts,
        username: userNameOf(answer.body, { username, place: response.username }),
        password: new Redacted(password),
        expiresAt,
        ...withWarnings([...warnings, ...shortLife(seconds, request.service, lifetimeFix)]),
      }
    },
  })
}

const withWarnings = (warnings: readonly CredentialWarning[]) => (warnings.length === 0 ? {} : { warnings })

function shortLife(seconds: number, service: string, fix = 'set a longer lifetime there'): CredentialWarning[] {
  if (seconds >= shortSeconds) return []
  return [{ code: 'CREDENTIAL_SHORT_LIVED', seen: `${service} issues credentials of only ${seconds} s`, fix }]
}

/** `/access_token` is shown as `access_token`. */
const nameOf = (pointer: string) => (pointer.lastIndexOf('/') === 0 ? pointer.slice(1) : pointer)

/** Printable ASCII of bounded length. @throws UnexpectedResponse */
const textAt = (body: unknown, pointer: string): string => checkedText(atPointer(body, pointer), nameOf(pointer))

interface UserNameSource {
  readonly username: FederatedExchange['username']
  readonly place: string | undefined
}

function userNameOf(body: unknown, { username, place }: UserNameSource): string {
  if (typeof username === 'string') return username
  const [name, where] =
    typeof username === 'function' ? [username(body), 'user name'] : [textAt(body, place ?? ''), nameOf(place ?? '')]
  if (/^[!-9;-~]{1,256}$/.test(name)) return name
  throw new UnexpectedResponse(`its ${where} is not a user name: it is longer than 256 characters, or contains ":"`)
}

/** The earliest expiry in the response: a JWT expires at its own `exp`, regardless of other fields. */
function readExpiry(
  answer: ApiResponse,
  password: string,
  { response, lifetime }: Pick<FederatedExchange, 'response' | 'lifetime'>,
): Date {
  const { sentAt, body } = answer
  const skewMs = clockSkewMs(answer)
  const inJwt = jwtExpiry(password)
  const stated = [
    ...(inJwt === undefined ? [] : [inJwt * 1000 + skewMs]),
    ...statedAt(body, response.expiresAt, instantMs).map((ms) => ms + skewMs),
    ...statedAt(body, response.expiresIn, secondsOf).map((life) => sentAt.getTime() + life * 1000),
  ]
  if (stated.length === 0) {
    const { defaultSeconds } = lifetime
    if (defaultSeconds === undefined) throw new UnexpectedResponse('it states no lifetime of the credential')
    stated.push(sentAt.getTime() + defaultSeconds * 1000)
  }
  return expiryOf(Math.min(...stated), lifetime.maxSeconds, answer)
}

/** Nothing if the place is not configured, or the response has no value there. */
function statedAt(
  body: unknown,
  pointer: string | undefined,
  read: (value: unknown) => number | undefined,
): readonly number[] {
  const value = pointer === undefined ? undefined : (atPointer(body, pointer) ?? undefined)
  if (pointer === undefined || value === undefined) return []
  const number = read(value)
  if (number === undefined) throw new UnexpectedResponse(`its ${nameOf(pointer)} is not a time`)
  return [number]
}

/** Some servers write numbers as texts. */
function secondsOf(value: unknown): number | undefined {
  const number = typeof value === 'string' && /^[0-9]{1,15}$/.test(value) ? Number(value) : value
  return typeof number === 'number' && Number.isFinite(number) ? number : undefined
}

/** Seconds have up to 11 digits until the year 5138. */
function instantMs(value: unknown): number | undefined {
  const number = secondsOf(value)
  if (number !== undefined) return number < 1e11 ? number * 1000 : number
  const ms = typeof value === 'string' && value.length <= 40 ? Date.parse(value) : Number.NaN
  return Number.isNaN(ms) ? undefined : ms
}

/** Characters of a JWT's payload. */
const longestPayload = 64 * 1024

/** `exp` of a JWT, in seconds, without verification; undefined for any other text. RFC 7519 §4.1.4. */
function jwtExpiry(text: string): number | undefined {
  const exp = jwtClaim(text, 'exp')
  return typeof exp === 'number' && Number.isFinite(exp) ? exp : undefined
}

export function jwtClaim(text: string, name: string): unknown {
  const [, payload, signature, ...more] = text.split('.', 4)
  if (payload === undefined || signature === undefined || more.length > 0 || payload.length > longestPayload)
    return undefined
  return asObject(jsonOrNone(Buffer.from(payload, 'base64url').toString('utf8')))?.[name]
}
