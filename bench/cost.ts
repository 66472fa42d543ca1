/** The cost of a run of a program, and the median of several runs. */

export interface Cost {
  readonly wallMs: number
  /** User and system time of all its processes. */
  readonly cpuMs: number
  /** Of the largest process. */
  readonly peakMiB: number
}

/** The median of each value independently. */
export const medianCost = (costs: readonly Cost[]): Cost => ({
  wallMs: median(costs.map(({ wallMs }) => wallMs)),
  cpuMs: median(costs.map(({ cpuMs }) => cpuMs)),
  peakMiB: median(costs.map(({ peakMiB }) => peakMiB)),
})

export function median(values: readonly number[]): number {
  const sorted = values.toSorted((left, right) => left - right)
  const upper = sorted[Math.floor(sorted.length / 2)] ?? Number.NaN
  const lower = sorted[Math.ceil(sorted.length / 2) - 1] ?? Number.NaN
  return (lower + upper) / 2
}
