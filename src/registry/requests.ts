/**
 * Requests to a registry as a pulling client sends them, bounded in time and size; challenges and error responses.
 * https://github.com/opencontainers/distribution-spec/blob/v1.1.0/spec.md#endpoints
 */

import { PullpassError } from '../errors/pullpass-error.ts'
import { systemErrorCode } from '../host/read-file.ts'
import type { Context } from '../http/context.ts'
import { transportError } from '../http/request-errors.ts'
import type { HttpResponse } from '../http/transport.ts'
import { asList, asObject, asText, jsonOrNone } from '../text/json-fields.ts'
import type { Redacted } from '../text/redacted.ts'

export type RegistryAuthorization =
  | { readonly kind: 'basic'; readonly username: string; readonly password: Redacted }
  | { readonly kind: 'bearer'; readonly token: Redacted }

export interface RegistryRequest {
  readonly method: 'GET' | 'HEAD'
  readonly url: string
  readonly accept?: string
  readonly authorization?: RegistryAuthorization | undefined
}

export type RegistryContext = Pick<Context, 'transport' | 'signal' | 'secrets'>

/** An image index of many platforms has a few KiB. */
const maxBytes = 4 * 1024 * 1024
const timeoutMs = 20_000
const purpose = { hop: 'registry', service: 'the registry' } as const

/** The response to the TLS handshake is not TLS; the server may speak plain HTTP. */
export class TlsNotSpoken extends Error {
  readonly fault: PullpassError
  /** Of the request: the registry, its realm, or a redirect's target. */
  readonly url: string

  constructor(fault: PullpassError, url: string) {
    super(fault.message)
    this.name = 'NoTls'
    this.fault = fault
    this.url = url
  }
}

/** Node's codes for a response that is not a TLS record. */
const tlsNotSpokenCodes = ['EPROTO', 'ERR_SSL_WRONG_VERSION_NUMBER', 'ERR_SSL_PACKET_LENGTH_TOO_LONG']

/**
 * Never follows a redirect.
 * @throws TlsNotSpoken, or PullpassError if there is no response: CERTIFICATE_UNTRUSTED, RESPONSE_TOO_LARGE, another for the rest
 */
export async function requestRegistry(
  { transport, signal, secrets }: RegistryContext,
  { method, url, accept = '*/*', authorization }: RegistryRequest,
): Promise<HttpResponse> {
  const timeout = AbortSignal.timeout(timeoutMs)
  if (authorization !== undefined) secrets.add(secretIn(authorization))
  const headers = {
    accept,
    ...(authorization && { authorization: headerOf(authorization) }),
  }
  try {
    return await transport({ method, url, headers, purpose, maxBytes, signal: AbortSignal.any([timeout, signal]) })
  } catch (error) {
    signal.throwIfAborted()
    if (error instanceof PullpassError) throw error
    const timedOut = timeout.aborted ? `did not respond within ${timeoutMs / 1000} s` : undefined
    const fault = transportError({ ...purpose, url }, timedOut, error)
    throw tlsNotSpokenCodes.includes(systemErrorCode(error) ?? '') ? new TlsNotSpoken(fault, url) : fault
  }
}

/**
 * The registry chose a bearer token, and could repeat pullpass's own words in it to have them withheld: only a token of the form
 * of RFC 6750 §2.1 that is as long as the shortest match counts.
 */
function secretIn(authorization: RegistryAuthorization): Redacted | undefined {
  if (authorization.kind === 'basic') return authorization.password
  return /^[\w.~+/-]{23,}=*$/.test(authorization.token.reveal()) ? authorization.token : undefined
}

const maxRedirects = 10

export interface RedirectRule {
  /** Whether a kubelet uses plain HTTP for this host. */
  readonly mayBePlain: (url: URL) => boolean
}

/**
 * Follows redirects as container runtimes do; the credential is sent only to the first origin. Returns the last response, which
 * can be a redirect that was not followed.
 */
export async function followRedirects(
  context: RegistryContext,
  request: RegistryRequest,
  { mayBePlain }: RedirectRule,
): Promise<HttpResponse> {
  const { origin } = new URL(request.url)
  let url = request.url
  for (let sent = 1; ; sent++) {
    const authorization = new URL(url).origin === origin ? request.authorization : undefined
    const response = await requestRegistry(context, { ...request, url, authorization })
    const next = targetOf(response, url)
    if (next === undefined || sent === maxRedirects) return response
    if (next.protocol !== 'https:' && !(next.protocol === 'http:' && mayBePlain(next))) return response
    url = next.href
  }
}

function targetOf({ status, headers }: HttpResponse, from: string): URL | undefined {
  const { location } = headers
  if (![301, 302, 303, 307, 308].includes(status) || location === undefined) return undefined
  return URL.canParse(location, from) ? new URL(location, from) : undefined
}

function headerOf(authorization: RegistryAuthorization): string {
  if (authorization.kind === 'bearer') return `Bearer ${authorization.token.reveal()}`
  const { username, password } = authorization
  return `Basic ${Buffer.from(`${username}:${password.reveal()}`).toString('base64')}`
}

/**
 * The challenge of a 401 response: `WWW-Authenticate`, RFC 9110 §11.6.1.
 * https://distribution.github.io/distribution/spec/auth/token/#how-to-authenticate
 */
export type Challenge =
  | { readonly scheme: 'basic' }
  /** `service` is absent at Artifact Registry. */
  | { readonly scheme: 'bearer'; readonly realm: string; readonly service: string | undefined }

/** Characters of a header. */
const longest = 8192

/** The strongest scheme that pulling clients support; undefined if there is none, or it has no realm. */
export function parseChallenge(header: string | undefined): Challenge | undefined {
  if (header === undefined || header.length > longest) return undefined
  const challenges = challengesIn(header)
  for (const { scheme, parameters } of challenges) {
    const realm = parameters.get('realm')
    if (scheme === 'bearer' && realm !== undefined) {
      return { scheme, realm, service: parameters.get('service') }
    }
  }
  return challenges.some(({ scheme }) => scheme === 'basic') ? { scheme: 'basic' } : undefined
}

interface ParsedChallenge {
  /** In lower case. */
  readonly scheme: string
  /** By lower-case names; of duplicates the first counts. */
  readonly parameters: Map<string, string>
}

/** A token starts a challenge, unless `=` follows: then it is a parameter of the previous one. Linear. */
function challengesIn(header: string): ParsedChallenge[] {
  const challenges: ParsedChallenge[] = []
  let at = 0
  const skip = (pattern: RegExp): string => {
    pattern.lastIndex = at
    const [found = ''] = pattern.exec(header) ?? []
    at += found.length
    return found
  }
  while (at < header.length) {
    skip(separators)
    const word = skip(token)
    if (word === '') {
      at += 1 // characters that cannot be part of a challenge are skipped
      continue
    }
    const isParameter = skip(equals) !== ''
    if (!isParameter) {
      challenges.push({ scheme: word.toLowerCase(), parameters: new Map() })
      continue
    }
    const quoted = skip(quotedText)
    const value = quoted === '' ? skip(plainText) : quoted.slice(1, -1).replaceAll(/\\(.)/gs, '$1')
    const { parameters } = challenges.at(-1) ?? {}
    const name = word.toLowerCase()
    if (parameters !== undefined && !parameters.has(name)) parameters.set(name, value)
  }
  return challenges
}

const separators = /[\s,]*/y
/** RFC 9110 §5.6.2, and the characters of token68. */
const token = /[\w!#$%&'*+.^`|~/-]+/y
const equals = /[ \t]*=[ \t]*/y
const quotedText = /"(?:[^"\\]|\\.)*"/sy
const plainText = /[^\s,"]*/y

/**
 * The body of an error response: `{"errors": [{"code", "message"}]}`; token endpoints use OAuth's form, or none.
 * https://github.com/opencontainers/distribution-spec/blob/v1.1.0/spec.md#error-codes
 */
export interface RegistryError {
  /** `MANIFEST_UNKNOWN`, `DENIED`, … of the specification. */
  readonly codes: readonly string[]
  /** External text, not quoted. */
  readonly message: string | undefined
}

export function readRegistryError({ body }: Pick<HttpResponse, 'body'>): RegistryError {
  const response = asObject(jsonOrNone(body))
  const errors = asList(response?.['errors']).map((error) => asObject(error) ?? {})
  const codes = errors.flatMap((error) => asText(error['code']) ?? [])
  const [first] = errors
  const details =
    asText(response?.['details']) ?? asText(response?.['error_description']) ?? asText(response?.['error'])
  const spoken = [asText(first?.['code']), asText(first?.['message'])].filter((text) => text !== undefined)
  return { codes, message: spoken.length > 0 ? spoken.join(': ') : details }
}
