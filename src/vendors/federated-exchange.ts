/**
 * An exchange of one request: the credential is read from the response at configured JSON pointers (RFC 6901).
 */
import { type CredentialWarning, type RegistryCredential, shortSeconds } from '../credential/registry-credential.ts'
import type { ExchangeHop } from '../errors/pullpass-error.ts'
import { type ApiRequest, type ApiResponse, checkedText, send, UnexpectedResponse } from '../http/send.ts'
import { atPointer } from '../text/json-fields.ts'
import { Redacted } from '../text/redacted.ts'
import { expiryOf, jwtExpiryMs, jwtTimes, localExpiryMs } from './expiry.ts'
import { decodeJwtClaims } from './jwt-claims.ts'
import type { ExchangeContext, RegistryOf } from './vendor.ts'

export interface FederatedExchange extends Omit<ApiRequest<never>, 'hop' | 'read'> {
  /** Absent: `exchange`. */
  readonly hop?: ExchangeHop
  readonly response: ResponsePointers
  readonly lifetime: Lifetime
  /** A text, or derived from the response; absent: at `response.username`. */
  readonly username?: string | ((body: unknown) => string)
  /** How a longer lifetime is set, for the warning about a short one. */
  readonly lifetimeFix?: string
  /** The field of the document that replaces a lifetime which the response does not state. */
  readonly defaultLifetimeField?: string
  readonly warnings?: readonly CredentialWarning[]
}

/** JSON pointers. */
interface ResponsePointers {
  readonly password: string
  readonly username?: string | undefined
  /** Seconds, counted from the request. */
  readonly expiresIn?: string | undefined
  /** RFC 3339, or seconds or milliseconds since 1970. */
  readonly expiresAt?: string | undefined
}

interface Lifetime {
  /** If the response contains none; absent: that is an error. */
  readonly defaultSeconds?: number | undefined
  /** A longer one is not relied on. */
  readonly maxSeconds: number
}

export async function exchangeAt(
  { hosts }: RegistryOf<unknown>,
  exchange: FederatedExchange,
  context: ExchangeContext,
): Promise<RegistryCredential> {
  const {
    hop = 'exchange',
    response: pointers,
    lifetime,
    username,
    lifetimeFix,
    defaultLifetimeField,
    warnings = [],
    ...request
  } = exchange
  return await send(context, {
    ...request,
    hop,
    read: (response) => {
      const password = textAt(response.body, pointers.password)
      const expiresAt = readExpiry(response, password, { pointers, lifetime, defaultLifetimeField })
      const seconds = Math.floor((expiresAt.getTime() - response.receivedAt.getTime()) / 1000)
      return {
        hosts,
        username: userNameOf(response.body, { username, pointer: pointers.username }),
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
  readonly pointer: string | undefined
}

function userNameOf(body: unknown, { username, pointer = '' }: UserNameSource): string {
  if (typeof username === 'string') return username
  const [name, field] =
    typeof username === 'function' ? [username(body), 'user name'] : [textAt(body, pointer), nameOf(pointer)]
  if (/^[!-9;-~]{1,256}$/.test(name)) return name
  throw new UnexpectedResponse(`its ${field} is not a user name: it is longer than 256 characters, or contains ":"`)
}

interface ExpirySource {
  readonly pointers: ResponsePointers
  readonly lifetime: Lifetime
  readonly defaultLifetimeField: string | undefined
}

/** The earliest expiry in the response: a JWT expires at its own `exp`, regardless of other fields. */
function readExpiry(
  response: ApiResponse,
  password: string,
  { pointers, lifetime, defaultLifetimeField }: ExpirySource,
): Date {
  const { sentAt, body } = response
  const [seconds] = statedAt(body, pointers.expiresIn, secondsOf)
  const jwt = jwtTimes(decodeJwtClaims(password) ?? {}, nameOf(pointers.password))
  const stated = [
    ...(jwt === undefined ? [] : [jwtExpiryMs(jwt, response)]),
    ...statedAt(body, pointers.expiresAt, instantMs).map((ms) => localExpiryMs(ms, seconds, response)),
    ...(seconds === undefined ? [] : [sentAt.getTime() + seconds * 1000]),
  ]
  if (stated.length === 0) {
    const { defaultSeconds } = lifetime
    if (defaultSeconds === undefined) throw noLifetime(defaultLifetimeField)
    stated.push(sentAt.getTime() + defaultSeconds * 1000)
  }
  return expiryOf(Math.min(...stated), lifetime.maxSeconds, response)
}

const noLifetime = (field: string | undefined) =>
  new UnexpectedResponse(
    'it states no lifetime of the credential',
    field && `set ${field} in the document to the lifetime that the service documents, such as 1h`,
  )

/** Empty if the pointer is not configured, or the response has no value at it. */
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
