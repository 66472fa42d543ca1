/** The operator's access token at Google, granted when it is first asked for, and renewed. */
import { keepRenewed } from '../../outside/keep-renewed.ts'
import type { Redacted } from '../../outside/redacted.ts'
import { grantOperatorToken } from './grant-operator-token.ts'
import type { IamCaller, IamOutside } from './iam-caller.ts'

/** The token to send now. @throws PullpassError at the caller's hop */
export type OperatorToken = () => Promise<Redacted>

export function operatorToken(outside: IamOutside, caller: IamCaller): OperatorToken {
  const granted = keepRenewed(() => grantOperatorToken(outside, caller), outside)
  return async () => (await granted()).value
}
