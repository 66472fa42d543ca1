/** Hop `clock`: the clocks of this machine and of other hosts agree as far as tokens need it. */

import { PullpassError } from '../../errors/pullpass-error.ts'
import { parseHttpDate } from '../../http/transport.ts'
import { rfc3339 } from '../../text/time.ts'
import type { VendorContext } from '../../vendors/vendor.ts'
import { clusterSource } from '../facts/cluster.ts'
import { type ExchangeFacts, exchangesSource, pullsSource } from '../facts/exchanges.ts'
import { issuersSource } from '../facts/issuers.ts'
import { isToken, type TokenFacts, tokensSource } from '../facts/tokens.ts'
import type { HopFinding } from '../finding.ts'
import { type ClockSeen, defineHop, defineSource, type Hop, type Run, type Source } from '../hop.ts'

const clocksSource: Source<readonly ClockSeen[]> = defineSource({
  // Issuers, exchanges and registries have responded by then, with the time.
  needs: { cluster: clusterSource, tokens: tokensSource, issuers: issuersSource, pulls: pullsSource },
  otherwise: [],
  gather: async ({ cluster, tokens }, { clocks }) => [...clusterClock(tokens, cluster?.about), ...clocks()],
})

export const clockHop: Hop = defineHop({
  name: 'clock',
  needs: { clocks: clocksSource, tokens: tokensSource, exchanges: exchangesSource },
  after: [],
  evaluate: ({ clocks, tokens, exchanges }, { now }) => evaluateClocks(clocks, now, harmOf(tokens, exchanges)),
})

/** A token that was issued a moment ago states the time of the API server. */
function clusterClock(tokens: readonly TokenFacts[], server: string | undefined): ClockSeen[] {
  const issued = tokens.find(({ from, got }) => from.kind === 'requested' && isToken(got))
  if (server === undefined || issued === undefined || !isToken(issued.got)) return []
  const { issuedAt } = issued.got
  return issuedAt === undefined ? [] : [{ of: server, aheadMs: issuedAt.getTime() - issued.at.getTime() }]
}

/** Whether an exchange failed that a wrong clock can cause to fail. */
function harmOf(tokens: readonly TokenFacts[], exchanges: readonly ExchangeFacts[]): 'harm' | 'no harm' {
  const refused = exchanges.some(({ result }) => result === undefined || result instanceof PullpassError)
  return refused && tokens.some(({ got }) => isToken(got)) ? 'harm' : 'no harm'
}

/** A transport that records the clocks of other hosts, by the Date header of responses. RFC 9110 §6.6.1 */
export function watchClocks(context: VendorContext): Pick<Run, 'observed' | 'clocks'> {
  const clocks = new Map<string, ClockSeen>()
  return {
    observed: {
      ...context,
      async transport(request) {
        const response = await context.transport(request)
        const at = parseHttpDate(response.headers['date'])?.getTime() ?? Number.NaN
        // A cache repeats the Date of the stored response; Age is the time since then.
        const ageMs = Number(response.headers['age'] ?? 0) * 1000
        const aheadMs = at + ageMs - context.now().getTime()
        const { host } = new URL(request.url)
        if (Number.isFinite(aheadMs)) clocks.set(host, { of: host, aheadMs })
        return response
      },
    },
    // The latest of each host, in the order in which they were first seen.
    clocks: () => [...clocks.values()],
  }
}

/** Verifiers tolerate a minute. */
const toleratedMs = 60_000

/** Nothing where no clock was seen. */
function evaluateClocks(clocks: readonly ClockSeen[], now: Date, harm: 'harm' | 'no harm'): HopFinding[] {
  if (clocks.length === 0) return []
  const base = { hop: 'clock', about: 'clocks' } as const
  const off = clocks.filter(({ aheadMs }) => Math.abs(aheadMs) > toleratedMs)
  const named = (some: readonly ClockSeen[]) => some.map(({ of, aheadMs }) => `${of} ${inWords(aheadMs)}`).join(', ')
  if (off.length === 0) {
    return [
      {
        ...base,
        about: `clocks of ${clocks.length} ${clocks.length === 1 ? 'host' : 'hosts'}`,
        result: 'ok',
        code: 'OK',
        seen: 'within a minute of the clock of this machine',
      },
    ]
  }
  const all = off.length === clocks.length && clocks.length > 1
  const whose = all ? 'this machine (in a pod: its node)' : 'those hosts, or of this machine (in a pod: its node)'
  return [
    {
      ...base,
      result: harm === 'harm' ? 'failed' : 'warning',
      code: 'CLOCK_SKEWED',
      seen: `the clock of this machine shows ${rfc3339(now)}; others: ${named(off)}`,
      expected: 'clocks that differ by less than a minute: tokens are verified by them',
      remedy: { words: `synchronize the clock of ${whose} by NTP` },
    },
  ]
}

function inWords(aheadMs: number): string {
  const seconds = Math.round(Math.abs(aheadMs) / 1000)
  return `is ${seconds} s ${aheadMs > 0 ? 'ahead' : 'behind'}`
}
