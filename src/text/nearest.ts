/** The suggestion for an unknown word: the nearest of `known` by edit distance, if it is at most a third of the word's length; never for long input. */
export function nearest(word: string, known: readonly string[]): string | undefined {
  if (word.length > 64) return undefined
  const ranked = known
    .map((candidate) => ({ candidate, distance: editDistance(word.toLowerCase(), candidate.toLowerCase()) }))
    .toSorted((a, b) => a.distance - b.distance)
  const [best] = ranked
  return best !== undefined && best.distance <= Math.max(1, Math.floor(word.length / 3)) ? best.candidate : undefined
}

/** Optimal string alignment: Levenshtein distance, where two exchanged neighbours are one edit. Three rows at a time. */
function editDistance(one: string, other: string): number {
  const [letters, others] = [Array.from(one), Array.from(other)]
  let before: number[] = []
  let row = Array.from({ length: others.length + 1 }, (_, index) => index)
  for (const [i, left] of letters.entries()) {
    const next = [i + 1]
    for (const [j, right] of others.entries()) {
      const substituted = (row[j] ?? 0) + (left === right ? 0 : 1)
      const areExchanged = i > 0 && j > 0 && left === others[j - 1] && letters[i - 1] === right
      const exchanged = areExchanged ? (before[j - 1] ?? 0) + 1 : Number.POSITIVE_INFINITY
      next.push(Math.min(substituted, exchanged, (row[j + 1] ?? 0) + 1, (next[j] ?? 0) + 1))
    }
    before = row
    row = next
  }
  return row[others.length] ?? 0
}
