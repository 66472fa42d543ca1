/**
 * One request to a registry and its answer, as a pulling client makes it: bounded in time and size.
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

export interface RegistryAsk {
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

/** The other side answered a TLS handshake with something else: perhaps it speaks plain HTTP. */
export class NoTls extends Error {
  readonly fault: PullpassError
  /** What was asked: the registry, a realm of its, or the target of a redirect. */
  readonly url: string

  constructor(fault: PullpassError, url: string) {
    super(fault.message)
    this.name = 'NoTls'
    this.fault = fault
    this.url = url
  }
}

/** Node's codes for an answer that is no TLS record. */
const noTlsCodes = ['EPROTO', 'ERR_SSL_WRONG_VERSION_NUMBER', 'ERR_SSL_PACKET_LENGTH_TOO_LONG']

/**
 * Never follows a redirect.
 * @throws NoTls, or PullpassError where there is no answer: CERTIFICATE_UNTRUSTED, RESPONSE_TOO_LARGE, another for the rest
 */
export async function askRegistry(
  { transport, signal, secrets }: RegistryContext,
  { method, url, accept = '*/*', authorization }: RegistryAsk,
): Promise<HttpResponse> {
  const timeout = AbortSignal.timeout(timeoutMs)
  secrets.add(authorization?.kind === 'bearer' ? authorization.token : authorization?.password)
  const headers = {
    accept,
    ...(authorization && { authorization: headerOf(authorization) }),
  }
  try {
    return await transport({ method, url, headers, purpose, maxBytes, signal: AbortSignal.any([timeout, signal]) })
  } catch (error) {
    signal.throwIfAborted()
    if (error instanceof PullpassError) throw error
    const timedOut = timeout.aborted ? `did not answer within ${timeoutMs / 1000} s` : undefined
    const fault = transportError({ ...purpose, url }, timedOut, error)
    throw noTlsCodes.includes(systemErrorCode(error) ?? '') ? new NoTls(fault, url) : fault
  }
}

const longestWay = 10

export interface RedirectRule {
  /** Whether a kubelet speaks plain HTTP to this host: without port. */
  readonly mayBePlain: (url: URL) => boolean
}

/**
 * Follows redirects as container runtimes do; the credential goes to no other origin than the first.
 * The answer is the last one: a redirect that leads nowhere is an answer too.
 */
export async function askRedirected(
  context: RegistryContext,
  ask: RegistryAsk,
  { mayBePlain }: RedirectRule,
): Promise<HttpResponse> {
  const { origin } = new URL(ask.url)
  let url = ask.url
  for (let way = 1; ; way++) {
    const authorization = new URL(url).origin === origin ? ask.authorization : undefined
    const answer = await askRegistry(context, { ...ask, url, authorization })
    const next = targetOf(answer, url)
    if (next === undefined || way === longestWay) return answer
    if (next.protocol !== 'https:' && !(next.protocol === 'http:' && mayBePlain(next))) return answer
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
 * What a registry asks for in a 401: `WWW-Authenticate`, RFC 9110 §11.6.1.
 * https://distribution.github.io/distribution/spec/auth/token/#how-to-authenticate
 */
export type Challenge =
  | { readonly scheme: 'basic' }
  /** `service` is absent at Artifact Registry. */
  | { readonly scheme: 'bearer'; readonly realm: string; readonly service: string | undefined }

/** Bytes: a challenge is a line. */
const longest = 8192

/** The strongest of the schemes that a pulling client knows; undefined where there is none, or it names no realm. */
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

interface WrittenChallenge {
  /** In lower case. */
  readonly scheme: string
  /** By their names in lower case; the first of two of one name counts. */
  readonly parameters: Map<string, string>
}

/** A word begins a challenge, unless `=` follows: then it is a parameter of the one before. Each character is read once. */
function challengesIn(header: string): WrittenChallenge[] {
  const challenges: WrittenChallenge[] = []
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
      at += 1 // what no challenge holds is passed over
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
/** RFC 9110 §5.6.2, and what token68 adds. */
const token = /[\w!#$%&'*+.^`|~/-]+/y
const equals = /[ \t]*=[ \t]*/y
const quotedText = /"(?:[^"\\]|\\.)*"/sy
const plainText = /[^\s,"]*/y

/**
 * What a registry says of a refusal: `{"errors": [{"code", "message"}]}`; token endpoints say it in OAuth's form, or not at all.
 * https://github.com/opencontainers/distribution-spec/blob/v1.1.0/spec.md#error-codes
 */
export interface RegistryWords {
  /** `MANIFEST_UNKNOWN`, `DENIED`, …, as the specification spells them. */
  readonly codes: readonly string[]
  /** Not yet quoted: from outside. */
  readonly message: string | undefined
}

export function registryWords({ body }: Pick<HttpResponse, 'body'>): RegistryWords {
  const answer = asObject(jsonOrNone(body))
  const errors = asList(answer?.['errors']).map((error) => asObject(error) ?? {})
  const codes = errors.flatMap((error) => asText(error['code']) ?? [])
  const [first] = errors
  const details = asText(answer?.['details']) ?? asText(answer?.['error_description']) ?? asText(answer?.['error'])
  const spoken = [asText(first?.['code']), asText(first?.['message'])].filter((text) => text !== undefined)
  return { codes, message: spoken.length > 0 ? spoken.join(': ') : details }
}
