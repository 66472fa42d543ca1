/** A credential that is cached and renewed at half of its lifetime, for commands that run for days. */

import { PullpassError } from '../errors/pullpass-error.ts'
import { rfc3339 } from '../text/time.ts'
import type { Context } from './context.ts'

/** A credential with less time left is not used. */
const marginMs = 60_000

/**
 * If the renewal fails, the current credential is used until it expires: after a rotation of the cluster's signing keys no cloud
 * accepts a token of the new key before that key is published, and the publisher itself may sign in with such a token. The
 * remaining half of the lifetime is the time to publish. The identity never changes; there is no fallback.
 */
export function keepRenewed<T extends { readonly expiresAt: Date }>(
  grant: () => Promise<T>,
  { now, log, signal }: Pick<Context, 'now' | 'log' | 'signal'>,
): () => Promise<T & { readonly renewAt: Date }> {
  let current: (T & { readonly requestedAt: Date; readonly renewAt: Date }) | undefined
  let pending: Promise<T & { readonly renewAt: Date }> | undefined
  const renew = async () => {
    const requestedAt = now()
    const granted = await grant()
    current = { ...granted, requestedAt, renewAt: new Date((requestedAt.getTime() + granted.expiresAt.getTime()) / 2) }
    return current
  }
  return async () => {
    // Requested in the future: the clock was ahead and has been corrected, so the remaining lifetime is unknown.
    if (current !== undefined && current.requestedAt <= now() && now() < current.renewAt) return current
    pending ??= renew().finally(() => {
      pending = undefined
    })
    try {
      return await pending
    } catch (fault) {
      signal.throwIfAborted()
      if (current === undefined || now().getTime() > current.expiresAt.getTime() - marginMs) throw fault
      const code = fault instanceof PullpassError ? fault.code : 'INTERNAL'
      const expiresAt = rfc3339(current.expiresAt)
      log('warn', 'a credential was not renewed; the current one is still valid', { code, expiresAt })
      return current
    }
  }
}
