/** A transport that notes what every answer's Date header says of the other side's clock. RFC 9110 §6.6.1. */
import type { Context } from '../../http/context.ts'

export interface ClockSeen {
  /** Whose it is: a host. */
  readonly of: string
  /** How far it is ahead of this machine's; negative: behind. */
  readonly aheadMs: number
}

export interface WatchedClocks {
  readonly context: Context
  /** The latest of each host, in the order in which they were first seen. */
  readonly seen: () => ClockSeen[]
}

export function watchClocks(context: Context): WatchedClocks {
  const clocks = new Map<string, ClockSeen>()
  return {
    context: {
      ...context,
      async transport(request) {
        const answer = await context.transport(request)
        const at = Date.parse(answer.headers['date'] ?? '')
        // A cache repeats the date of the answer that it keeps, and says for how long it has.
        const ageMs = Number(answer.headers['age'] ?? 0) * 1000
        const aheadMs = at + ageMs - context.now().getTime()
        const { host } = new URL(request.url)
        if (Number.isFinite(aheadMs)) clocks.set(host, { of: host, aheadMs })
        return answer
      },
    },
    seen: () => [...clocks.values()],
  }
}
