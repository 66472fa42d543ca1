/** The command that a command line begins with: one word, or two where several make a group, such as `issuer check`. */
import { showValue } from '../document/show-value.ts'
import { nearest } from '../outside/nearest.ts'
import { PullpassError } from '../outside/pullpass-error.ts'
import { type CommandEntry, commands } from './commands.ts'

export type Found =
  | { readonly kind: 'command'; readonly name: string; readonly entry: CommandEntry; readonly words: readonly string[] }
  /** A group alone, or with a request for help: what it holds is to be shown. */
  | { readonly kind: 'group'; readonly name: string; readonly members: Readonly<Record<string, CommandEntry>> }

/** @throws USAGE_INVALID for an unknown command, with the nearest one, and the help that lists them */
export function findCommand([first = '', ...rest]: readonly string[]): Found {
  const entry = entryOf(first)
  if (entry !== undefined) return { kind: 'command', name: first, entry, words: rest }
  const members = Object.entries(commands).filter(([name]) => name.startsWith(`${first} `))
  if (members.length === 0) throw unknown(first, firstWords(), 'pullpass --help')
  const [second, ...words] = rest
  if (second === undefined || ['--help', '-h'].includes(second)) {
    return { kind: 'group', name: first, members: Object.fromEntries(members) }
  }
  const name = `${first} ${second}`
  const member = entryOf(name)
  if (member === undefined) {
    throw unknown(
      name,
      members.map(([known]) => known),
      `pullpass ${first} --help`,
    )
  }
  return { kind: 'command', name, entry: member, words }
}

const entryOf = (name: string) => (Object.hasOwn(commands, name) ? commands[name] : undefined)

const firstWords = () => [...new Set(Object.keys(commands).map((name) => name.split(' ')[0] ?? name))]

/** The one command of a group that has this second word: `publish` is `issuer publish`. */
function memberNamed(name: string): string | undefined {
  const [member, ...others] = Object.keys(commands).filter((known) => known.endsWith(` ${name}`))
  return others.length === 0 ? member : undefined
}

/** `hint`: whose help lists what there is. */
function unknown(name: string, known: readonly string[], hint: string): PullpassError {
  const near = memberNamed(name) ?? nearest(name, known)
  return new PullpassError({
    code: 'USAGE_INVALID',
    hop: 'run',
    seen: name.startsWith('-')
      ? `${showValue(name)} stands before the command`
      : `there is no command ${showValue(name)}`,
    expected: near === undefined ? `one of ${known.join(', ')}` : `perhaps ${near}`,
    hint,
  })
}
