/** Durations as people write them in flags and documents: Go's form without fractions, `90s`, `30m`, `1h30m`. */

const form = /^(?:(?<hours>\d{1,5})h)?(?:(?<minutes>\d{1,6})m)?(?:(?<seconds>\d{1,8})s)?$/

/** Milliseconds, or undefined where the text is no duration; `0s` is one, the empty text is not. */
export function parseDuration(text: string): number | undefined {
  const parts = text.length === 0 || text.length > 24 ? undefined : form.exec(text)?.groups
  if (parts === undefined) return undefined
  const { hours = '0', minutes = '0', seconds = '0' } = parts
  return ((Number(hours) * 60 + Number(minutes)) * 60 + Number(seconds)) * 1000
}
