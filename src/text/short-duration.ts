/** A duration in the largest unit of which it is a whole number, as a flag is written: `48h`, `90m`, `1s`. */
export function shortDuration(ms: number): string {
  const [unitMs, unit] = units.find(([size]) => ms % size === 0) ?? [1000, 's']
  return `${ms / unitMs}${unit}`
}

const units = [
  [3_600_000, 'h'],
  [60_000, 'm'],
] as const
