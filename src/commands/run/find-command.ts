/** The command that the arguments name, and the errors for arguments that name none. */
import { showValue } from '../../document/show-value.ts'
import { PullpassError } from '../../errors/pullpass-error.ts'
import { nearest } from '../../text/nearest.ts'
import { shellQuote } from '../../text/shell.ts'
import { looksLikeSecret } from '../../text/show.ts'
import type { CommandEntry, Terminal } from '../command-line/command.ts'
import { renderGroupHelp } from '../command-line/help.ts'
import { commands } from '../commands.ts'

/** The command of a command line: one word, or two for a member of a group, such as `issuer check`. */
export type Found =
  | { readonly kind: 'command'; readonly name: string; readonly entry: CommandEntry; readonly words: readonly string[] }
  /** A group without a member. `isHelp`: its members are to be listed. */
  | {
      readonly kind: 'group'
      readonly name: string
      readonly members: Readonly<Record<string, CommandEntry>>
      readonly isHelp: boolean
    }

/** @throws USAGE_INVALID for an unknown command, with the most similar one */
export function findCommand([first = '', ...rest]: readonly string[]): Found {
  const two = `${first} ${rest[0]}`
  const [one, both] = [entryOf(first), entryOf(two)]
  if (one !== undefined && both !== undefined) return { kind: 'command', name: two, entry: both, words: rest.slice(1) }
  if (one !== undefined) {
    const members = Object.keys(commands).flatMap((name) =>
      name.startsWith(`${first} `) ? name.split(' ').slice(1) : [],
    )
    const near = nearest(rest[0] ?? '', members)
    if (near !== undefined) throw unknown(two, [`${first} ${near}`], `pullpass ${first} --help`)
    return { kind: 'command', name: first, entry: one, words: rest }
  }
  const members = Object.entries(commands).filter(([name]) => name.startsWith(`${first} `))
  if (members.length === 0)
    throw first.startsWith('-') ? precedes(first, rest) : unknown(first, firstWords(), 'pullpass --help')
  const [second, ...words] = rest
  if (second === undefined || second.startsWith('-')) {
    const isHelp = rest.includes('--help') || rest.includes('-h')
    return { kind: 'group', name: first, members: Object.fromEntries(members), isHelp }
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

/** The only command with this second word: `publish` is `issuer publish`. */
function memberNamed(name: string): string | undefined {
  const [member, ...others] = Object.keys(commands).filter((known) => known.endsWith(` ${name}`))
  return others.length === 0 ? member : undefined
}

/**
 * `pullpass trust` alone is an incomplete command: a script that lacks the second word must fail. The help is on standard error,
 * so that standard output contains results only.
 */
export function incompleteGroup(
  group: Extract<Found, { kind: 'group' }>,
  { terminal }: { readonly terminal: Pick<Terminal, 'printError'> },
): PullpassError {
  terminal.printError(`${renderGroupHelp(group)}\n`)
  const names = Object.keys(group.members)
  return new PullpassError({
    code: 'USAGE_INVALID',
    hop: 'run',
    seen: `${group.name} is not a complete command`,
    expected: `one of ${names.join(', ')}`,
    command: `pullpass ${group.name} --help`,
  })
}

/** A flag before the command, with the order that is expected, unless an argument may be a secret. */
function precedes(flag: string, rest: readonly string[]): PullpassError {
  const at = rest.findIndex((word) => firstWords().includes(word))
  const [member = ''] = rest.slice(at + 1)
  const length = entryOf(`${rest[at]} ${member}`) === undefined ? 1 : 2
  const ordered = [...rest.slice(at, at + length), flag, ...rest.slice(0, at), ...rest.slice(at + length)]
  const command =
    at < 0 || ordered.some(looksLikeSecret) ? 'pullpass --help' : ['pullpass', ...ordered.map(shellQuote)].join(' ')
  return new PullpassError({
    code: 'USAGE_INVALID',
    hop: 'run',
    seen: `flag ${showValue(flag)} precedes the command`,
    expected: 'the command first: pullpass COMMAND [flags]',
    command,
  })
}

/** `help` lists the commands. */
function unknown(name: string, known: readonly string[], help: string): PullpassError {
  const near = memberNamed(name) ?? nearest(name, known)
  return new PullpassError({
    code: 'USAGE_INVALID',
    hop: 'run',
    seen: `unknown command ${showValue(name)}`,
    expected: near === undefined ? `one of ${known.join(', ')}` : `a known command, such as ${near}`,
    command: help,
  })
}
