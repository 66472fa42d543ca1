/** Lines of a guide that were not printed in this order; values that differ between runs are ignored. */

/** `…` in a shown line matches anything. */
export function findUnprinted(shown: readonly string[], printed: string): string[] {
  const lines = printed.split('\n').map(withoutVariables)
  let next = 0
  return shown.filter((line) => {
    if (line.trim() === '') return false
    const pattern = new RegExp(`^${withoutVariables(line).split('…').map(literally).join('.*')}$`)
    const found = lines.findIndex((candidate, index) => index >= next && pattern.test(candidate))
    if (found >= 0) next = found + 1
    return found < 0
  })
}

const variables: readonly (readonly [RegExp, string])[] = [
  [/\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d+)?Z/g, 'INSTANT'],
  [/\((?:now|in [^()]*|[^()]* ago)\)/g, '(WHEN)'],
  [/\bsha256:[0-9a-f]{64}\b/g, 'DIGEST'],
  [/(?<![\w-])[\w-]{43}(?![\w-])/g, 'KID'],
  [/\bpullpass:[0-9a-f]{12}\b/g, 'MARK'],
  [/\s+/g, ' '],
]

const literally = (text: string): string => text.replaceAll(/[\\^$.*+?()[\]{}|]/g, '\\$&')

const withoutVariables = (line: string): string =>
  variables.reduce((text, [pattern, word]) => text.replaceAll(pattern, word), line).trim()
