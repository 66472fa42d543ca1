/** The operator's access token at Google, kept and renewed: who asks many times, for days, is granted one an hour. */
import { PullpassError } from '../../outside/pullpass-error.ts'
import type { Redacted } from '../../outside/redacted.ts'
import { grantOperatorToken } from './grant-operator-token.ts'
import type { GrantedToken } from './granted-token.ts'
import type { IamCaller, IamOutside } from './iam-caller.ts'

/** The token to send now. @throws PullpassError at the caller's hop */
export type OperatorToken = () => Promise<Redacted>

/** So long a token must live on to be sent. */
const marginMs = 60_000

/**
 * It is renewed when half of its life is left, and kept where that fails: at a rotation of the cluster's signing keys
 * Google takes no token of the new key until that key is published, and who publishes it may be known to Google by just
 * such a token. The half that is left is his time to publish.
 */
export function operatorToken(outside: IamOutside, caller: IamCaller): OperatorToken {
  let held: (GrantedToken & { readonly renewAt: Date }) | undefined
  let asking: Promise<void> | undefined
  const renew = async () => {
    const askedAt = outside.now()
    const granted = await grantOperatorToken(outside, caller)
    held = { ...granted, renewAt: new Date((askedAt.getTime() + granted.expiresAt.getTime()) / 2) }
  }
  return async () => {
    if (held !== undefined && outside.now() < held.renewAt) return held.value
    asking ??= renew().finally(() => {
      asking = undefined
    })
    try {
      await asking
    } catch (fault) {
      outside.signal.throwIfAborted()
      if (held === undefined || outside.now().getTime() > held.expiresAt.getTime() - marginMs) throw fault
      const code = fault instanceof PullpassError ? fault.code : 'INTERNAL'
      outside.log('warn', "the operator's token was not renewed; the one that is held lives on", {
        code,
        expiresAt: held.expiresAt.toISOString(),
      })
    }
    if (held === undefined) throw new TypeError('a token was granted and is not there')
    return held.value
  }
}
