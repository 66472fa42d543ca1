/** Whether the clocks that were seen agree with this machine's, as far as tokens need it: pure. */
import type { Finding } from '../finding.ts'
import type { ClockSeen } from '../gather/watch-clocks.ts'

/** Verifiers allow for a minute. */
const toleratedMs = 60_000

/** Nothing where no clock was seen. `needed`: whether anything failed that a clock can be the reason of. */
export function judgeClocks(clocks: readonly ClockSeen[], now: Date, harm: 'harm' | 'no harm'): Finding[] {
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
        seen: "within a minute of this machine's",
      },
    ]
  }
  const all = off.length === clocks.length && clocks.length > 1
  const whose = all ? 'this machine (in a pod: of its node)' : 'those hosts, or of this machine (in a pod: of its node)'
  return [
    {
      ...base,
      result: harm === 'harm' ? 'failed' : 'warning',
      code: 'CLOCK_SKEWED',
      seen: `this machine's clock says ${now.toISOString()}; of the others' clocks: ${named(off)}`,
      expected: 'clocks that differ by less than a minute: tokens are judged by them',
      remedy: { words: `set the clock of ${whose} right, by NTP` },
    },
  ]
}

function inWords(aheadMs: number): string {
  const seconds = Math.round(Math.abs(aheadMs) / 1000)
  return `is ${seconds} s ${aheadMs > 0 ? 'ahead' : 'behind'}`
}
