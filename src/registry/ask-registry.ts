/**
 * One request to a registry and its answer, as a pulling client makes it: bounded in time and size, never redirected.
 * https://github.com/opencontainers/distribution-spec/blob/v1.1.0/spec.md#endpoints
 */
import type { Outside } from '../outside/outside.ts'
import { PullpassError } from '../outside/pullpass-error.ts'
import type { Redacted } from '../outside/redacted.ts'
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

export type RegistryOutside = Pick<Outside, 'transport' | 'signal'>

/** An image index of many platforms has a few KiB. */
const maxBytes = 4 * 1024 * 1024
const timeoutMs = 20_000

/** @throws PullpassError where there is no answer: CERTIFICATE_UNTRUSTED, ANSWER_TOO_LARGE, and another for the rest */
export async function askRegistry(
  { transport, signal }: RegistryOutside,
  { method, url, accept = '*/*', authorization }: RegistryAsk,
): Promise<HttpAnswer> {
  const timeout = AbortSignal.timeout(timeoutMs)
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
    throw transportFault({ hop: 'registry', who: 'the registry', url }, timedOut, error)
  }
}

function headerOf(authorization: RegistryAuthorization): string {
  if (authorization.kind === 'bearer') return `Bearer ${authorization.token.reveal()}`
  const { username, password } = authorization
  return `Basic ${Buffer.from(`${username}:${password.reveal()}`).toString('base64')}`
}
