/** The suggestion for an unknown word: the nearest of `known` by edit distance, if it is at most a third of the word's length; never for long input. */
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
