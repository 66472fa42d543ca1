/** The outside as strangers meet it: whom everybody trusts, and what names stand for. */

import { resolveAddresses } from '../../http/addresses.ts'
import type { Context } from '../../http/context.ts'
import { httpsTransport } from '../../http/https-transport.ts'
import { reportRequests } from '../../http/log-requests.ts'
import type { Transport } from '../../http/transport.ts'

export const openPublicContext = (context: Context): PublicContext => ({
  ...context,
  publicTransport: reportRequests(httpsTransport(context.environment, undefined, 'public'), context.waiting),
  lookUp: resolveAddresses,
})

/** The outside as strangers meet it. */
export interface PublicContext extends Pick<Context, 'transport' | 'signal' | 'now'> {
  /** Trusts the authorities that everybody trusts, and no other. */
  readonly publicTransport: Transport
  /** Every address of a name; empty where it has none here. */
  readonly lookUp: (name: string) => Promise<readonly string[]>
}
