/** What expires, kept and renewed in good time: who asks many times, for days, is granted one for each half of its life. */

import { PullpassError } from '../errors/pullpass-error.ts'
import type { Context } from './context.ts'

/** So long it must live on to be of use. */
const marginMs = 60_000

/**
 * Renewed when half of its life is left, and kept where that fails, until it ends: at a rotation of the cluster's signing
 * keys no cloud takes a token of the new key until that key is published, and who publishes it may be known to the cloud
 * by just such a token. The half that is left is his time to publish. Whose it is never changes: nobody else is tried.
 */
export function keepRenewed<T extends { readonly expiresAt: Date }>(
  grant: () => Promise<T>,
  { now, log, signal }: Pick<Context, 'now' | 'log' | 'signal'>,
): () => Promise<T & { readonly renewAt: Date }> {
  let held: (T & { readonly askedAt: Date; readonly renewAt: Date }) | undefined
  let asking: Promise<T & { readonly renewAt: Date }> | undefined
  const renew = async () => {
    const askedAt = now()
    const granted = await grant()
    held = { ...granted, askedAt, renewAt: new Date((askedAt.getTime() + granted.expiresAt.getTime()) / 2) }
    return held
  }
  return async () => {
    // Asked for in the future: a clock that was ahead is right again, and when this one ends is not known.
    if (held !== undefined && held.askedAt <= now() && now() < held.renewAt) return held
    asking ??= renew().finally(() => {
      asking = undefined
    })
    try {
      return await asking
    } catch (fault) {
      signal.throwIfAborted()
      if (held === undefined || now().getTime() > held.expiresAt.getTime() - marginMs) throw fault
      const code = fault instanceof PullpassError ? fault.code : 'INTERNAL'
      const expiresAt = held.expiresAt.toISOString()
      log('warn', 'a credential was not renewed; the one that is held lives on', { code, expiresAt })
      return held
    }
  }
}
