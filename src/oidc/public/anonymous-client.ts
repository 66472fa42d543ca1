/** The outside as strangers meet it: whom everybody trusts, and what names stand for. */

import { lookUpAddresses } from '../../http/addresses.ts'
import type { Outside } from '../../http/context.ts'
import { httpsTransport } from '../../http/https-transport.ts'
import { reportRequests } from '../../http/log-requests.ts'
import type { Transport } from '../../http/transport.ts'

export const openPublicOutside = (outside: Outside): PublicOutside => ({
  ...outside,
  publicTransport: reportRequests(httpsTransport(outside.environment, undefined, 'public'), outside.waiting),
  lookUp: lookUpAddresses,
})

/** The outside as strangers meet it. */
export interface PublicOutside extends Pick<Outside, 'transport' | 'signal' | 'now'> {
  /** Trusts the authorities that everybody trusts, and no other. */
  readonly publicTransport: Transport
  /** Every address of a name; empty where it has none here. */
  readonly lookUp: (name: string) => Promise<readonly string[]>
}
