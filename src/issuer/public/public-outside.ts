/** The outside as strangers meet it. */
import type { Outside } from '../../outside/outside.ts'
import type { Transport } from '../../outside/transport.ts'

export interface PublicOutside extends Pick<Outside, 'transport' | 'signal' | 'now'> {
  /** Trusts the authorities that everybody trusts, and no other. */
  readonly publicTransport: Transport
  /** Every address of a name; empty where it has none here. */
  readonly lookUp: (name: string) => Promise<readonly string[]>
}
