/**
 * One request to a registry and its answer, as a pulling client makes it: bounded in time and size.
 * https://github.com/opencontainers/distribution-spec/blob/v1.1.0/spec.md#endpoints
 */
import type { Outside } from '../outside/outside.ts'
import { PullpassError } from '../outside/pullpass-error.ts'
import type { Redacted } from '../outside/redacted.ts'
import { systemErrorCode } from '../outside/system-error-code.ts'
import type { HttpAnswer } from '../outside/transport.ts'
import { transportFault } from '../outside/transport-fault.ts'

export type RegistryAuthorization =
  | { readonly kind: 'basic'; readonly username: string; readonly password: Redacted }
  | { readonly kind: 'bearer'; readonly token: Redacted }

export interface RegistryAsk {
  readonly method: 'GET' | 'HEAD'
  readonly url: string
  readonly accept?: string
  readonly authorization?: RegistryAuthorization | undefined
}

export type RegistryOutside = Pick<Outside, 'transport' | 'signal' | 'secrets'>

/** An image index of many platforms has a few KiB. */
const maxBytes = 4 * 1024 * 1024
const timeoutMs = 20_000

/** The other side answered a TLS handshake with something else: perhaps it speaks plain HTTP. */
export class NoTls extends Error {
  readonly fault: PullpassError

  constructor(fault: PullpassError) {
    super(fault.message)
    this.name = 'NoTls'
    this.fault = fault
  }
}

/** Node's codes for an answer that is no TLS record. */
const noTlsCodes = ['EPROTO', 'ERR_SSL_WRONG_VERSION_NUMBER', 'ERR_SSL_PACKET_LENGTH_TOO_LONG']

/**
 * Never follows a redirect.
 * @throws NoTls, or PullpassError where there is no answer: CERTIFICATE_UNTRUSTED, ANSWER_TOO_LARGE, another for the rest
 */
export async function askRegistry(
  { transport, signal, secrets }: RegistryOutside,
  { method, url, accept = '*/*', authorization }: RegistryAsk,
): Promise<HttpAnswer> {
  const timeout = AbortSignal.timeout(timeoutMs)
  secrets.add(authorization?.kind === 'bearer' ? authorization.token : authorization?.password)
  const headers = {
    accept,
    ...(authorization && { authorization: headerOf(authorization) }),
  }
  try {
    return await transport({ method, url, headers, maxBytes, signal: AbortSignal.any([timeout, signal]) })
  } catch (error) {
    signal.throwIfAborted()
    if (error instanceof PullpassError) throw error
    const timedOut = timeout.aborted ? `did not answer within ${timeoutMs / 1000} s` : undefined
    const fault = transportFault({ hop: 'registry', who: 'the registry', url }, timedOut, error)
    throw noTlsCodes.includes(systemErrorCode(error) ?? '') ? new NoTls(fault) : fault
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
  outside: RegistryOutside,
  ask: RegistryAsk,
  { mayBePlain }: RedirectRule,
): Promise<HttpAnswer> {
  const { origin } = new URL(ask.url)
  let url = ask.url
  for (let way = 1; ; way++) {
    const authorization = new URL(url).origin === origin ? ask.authorization : undefined
    const answer = await askRegistry(outside, { ...ask, url, authorization })
    const next = targetOf(answer, url)
    if (next === undefined || way === longestWay) return answer
    if (next.protocol !== 'https:' && !(next.protocol === 'http:' && mayBePlain(next))) return answer
    url = next.href
  }
}

function targetOf({ status, headers }: HttpAnswer, from: string): URL | undefined {
  const { location } = headers
  if (![301, 302, 303, 307, 308].includes(status) || location === undefined) return undefined
  return URL.canParse(location, from) ? new URL(location, from) : undefined
}

function headerOf(authorization: RegistryAuthorization): string {
  if (authorization.kind === 'bearer') return `Bearer ${authorization.token.reveal()}`
  const { username, password } = authorization
  return `Basic ${Buffer.from(`${username}:${password.reveal()}`).toString('base64')}`
}
