/** Times as text. */

/** RFC 3339 in UTC, in whole seconds: rounded down, so that an expiry is never shown later than it is, or up. */
export const rfc3339 = (at: Date, round: 'down' | 'up' = 'down'): string =>
  new Date((round === 'up' ? Math.ceil(at.getTime() / 1000) : Math.floor(at.getTime() / 1000)) * 1000)
    .toISOString()
    .replace('.000Z', 'Z')

// Durations in flags, documents and messages, as Go writes them without fractions: `90s`, `30m`, `1h30m`.

const form = /^(?:(?<hours>\d{1,5})h)?(?:(?<minutes>\d{1,6})m)?(?:(?<seconds>\d{1,8})s)?$/

/** Milliseconds; undefined if the text is not a duration. `0s` is one, the empty text is not. */
export function parseDuration(text: string): number | undefined {
  const parts = text.length === 0 || text.length > 24 ? undefined : form.exec(text)?.groups
  if (parts === undefined) return undefined
  const { hours = '0', minutes = '0', seconds = '0' } = parts
  return ((Number(hours) * 60 + Number(minutes)) * 60 + Number(seconds)) * 1000
}

/** A duration in the largest unit of which it is a whole number, `48h`, `90m`, `1s`. */
export function shortDuration(ms: number): string {
  const [unitMs, unit] = units.find(([size]) => ms % size === 0) ?? [1000, 's']
  return `${ms / unitMs}${unit}`
}

const units = [
  [3_600_000, 'h'],
  [60_000, 'm'],
] as const
