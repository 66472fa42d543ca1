/** How far an instant is from now, as people say it. */

const units: readonly [word: string, seconds: number][] = [
  ['d', 86_400],
  ['h', 3600],
  ['min', 60],
]

/** `in 60 min`, `3 h ago`, `now`: to the nearest minute, then rounded down in the largest unit of which there are two. */
export function relativeTime(at: Date, now: Date): string {
  const seconds = Math.trunc((at.getTime() - now.getTime()) / 1000)
  if (seconds === 0) return 'now'
  const exact = Math.abs(seconds)
  const distance = exact < 120 ? exact : Math.round(exact / 60) * 60
  const [word, length] = units.find(([, unit]) => distance >= 2 * unit) ?? ['s', 1]
  const amount = `${Math.floor(distance / length)} ${word}`
  return seconds > 0 ? `in ${amount}` : `${amount} ago`
}

/** The instant itself too, to be pasted: `2025-11-24T12:00:00Z (in 58 min)`. */
export function instantAndDistance(at: Date, now: Date): string {
  return `${at.toISOString().replace(/\.\d{3}Z$/, 'Z')} (${relativeTime(at, now)})`
}
