/** Globs of names: `*` is any characters, `?` is one. */

/** Whether the whole of `name` matches. Its time grows with both lengths multiplied, whatever the glob: no regex. */
export function matchesGlob(glob: string, name: string): boolean {
  let at = 0
  let read = 0
  let star = -1 // the last `*` passed, and up to where it has taken the name
  let taken = 0
  while (read < name.length) {
    if (glob[at] === '*') {
      star = at++
      taken = read
    } else if (glob[at] === '?' || glob[at] === name[read]) {
      at++
      read++
    } else if (star >= 0) {
      at = star + 1
      read = ++taken
    } else return false
  }
  while (glob[at] === '*') at++
  return at === glob.length
}
