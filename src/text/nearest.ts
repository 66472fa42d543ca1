/** Suggestions for unknown words, and durations. */

/** The nearest of `known` by edit distance, if it is at most a third of the word's length; never for long input. */
export function nearest(word: string, known: readonly string[]): string | undefined {
  if (word.length > 64) return undefined
  const ranked = known
    .map((candidate) => ({ candidate, distance: editDistance(word.toLowerCase(), candidate.toLowerCase()) }))
    .toSorted((a, b) => a.distance - b.distance)
  const [best] = ranked
  return best !== undefined && best.distance <= Math.max(1, Math.floor(word.length / 3)) ? best.candidate : undefined
}

/** Levenshtein distance, one row at a time. */
function editDistance(one: string, other: string): number {
  const others = Array.from(other)
  let row = Array.from({ length: others.length + 1 }, (_, index) => index)
  for (const [i, left] of Array.from(one).entries()) {
    const next = [i + 1]
    for (const [j, right] of others.entries()) {
      const substituted = (row[j] ?? 0) + (left === right ? 0 : 1)
      next.push(Math.min(substituted, (row[j + 1] ?? 0) + 1, (next[j] ?? 0) + 1))
    }
    row = next
  }
  return row[others.length] ?? 0
}

/** Durations in flags and documents: Go's syntax without fractions, `90s`, `30m`, `1h30m`. */
const form = /^(?:(?<hours>\d{1,5})h)?(?:(?<minutes>\d{1,6})m)?(?:(?<seconds>\d{1,8})s)?$/

/** Milliseconds; undefined if the text is not a duration. `0s` is one, the empty text is not. */
export function parseDuration(text: string): number | undefined {
  const parts = text.length === 0 || text.length > 24 ? undefined : form.exec(text)?.groups
  if (parts === undefined) return undefined
  const { hours = '0', minutes = '0', seconds = '0' } = parts
  return ((Number(hours) * 60 + Number(minutes)) * 60 + Number(seconds)) * 1000
}
