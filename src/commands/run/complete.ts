/**
 * Completion candidates for shells and kubectl: one candidate per line, with a description after a tab; the last line states
 * whether files can follow. https://github.com/spf13/cobra: shell completions
 */
import type { Vendors } from '../../vendors/vendor.ts'
import type { Command } from '../command-line/command.ts'
import type { Flag, Flags } from '../command-line/flag.ts'
import { commonFlags } from '../command-line/flags.ts'
import { commands, loadCommand } from '../commands.ts'

/** As cobra's ShellCompDirectiveDefault and ShellCompDirectiveNoFileComp, which kubectl reads. */
const directive = { files: ':0', noFiles: ':4' } as const

interface Candidates {
  readonly lines: readonly string[]
  readonly otherwise: keyof typeof directive
}

/** `words`: the arguments; the last one is to be completed, and can be empty. */
export async function complete(words: readonly string[], vendors: Vendors): Promise<string[]> {
  const { lines, otherwise } = await findCandidates(words, vendors)
  return [...lines, directive[otherwise]]
}

async function findCandidates(words: readonly string[], vendors: Vendors): Promise<Candidates> {
  const last = words.at(-1) ?? ''
  const [first = '', second = ''] = words
  if (words.length <= 1) return named(topLevel(), last)
  const two = `${first} ${second}`
  const member = words.length > 2 && Object.hasOwn(commands, two) ? commands[two] : undefined
  const entry = member ?? (Object.hasOwn(commands, first) ? commands[first] : undefined)
  // A command can also be a group: `manifests`, with `manifests node`.
  if (words.length === 2 && !last.startsWith('-') && membersOf(first).length > 0) return named(membersOf(first), last)
  if (first === 'help') return named(words.length === 2 ? topLevel() : membersOf(second), last)
  if (entry === undefined) return named([], last)
  return followCommand(await loadCommand(entry, vendors), words.slice(member === undefined ? 1 : 2), last)
}

type Named = readonly (readonly [name: string, description: string])[]

function named(all: Named, start: string): Candidates {
  const lines = all
    .filter(([name]) => name.startsWith(start))
    .map(([name, description]) => (description === '' ? name : `${name}\t${description}`))
  return { lines, otherwise: 'noFiles' }
}

/** Commands, and each group once. */
function topLevel(): Named {
  const groups = new Map<string, string>()
  for (const [name, { summary }] of Object.entries(commands)) {
    const [first = '', second] = name.split(' ')
    groups.set(first, second === undefined ? summary : [groups.get(first), second].filter(Boolean).join(', '))
  }
  return [...groups, ['help', 'Show the help of a command'], ['--version', 'Show the version']]
}

const membersOf = (group: string): Named =>
  Object.entries(commands)
    .filter(([name]) => name.startsWith(`${group} `))
    .map(([name, { summary }]) => [name.slice(group.length + 1), summary])

function followCommand({ flags, positionals, usage }: Command, words: readonly string[], last: string): Candidates {
  const known: Flags = { ...flags, ...commonFlags }
  const before = words.slice(0, -1)
  if (before.includes('--')) return { lines: [], otherwise: 'files' }
  const open = flagNamed(before.at(-1), known)
  if (open?.type === 'string') return valuesOf(open, last, '')
  const [, name = '', value] = /^--([^=]+)=(.*)$/s.exec(last) ?? []
  const inline = flagNamed(`--${name}`, known)
  if (value !== undefined) return inline === undefined ? named([], last) : valuesOf(inline, value, `--${name}=`)
  if (last.startsWith('-')) return named(flagsLeft(known, before), last)
  const takesFile = usage.some((form) => form.includes('[FILE|-]'))
  const { lines } = named(
    (positionals ?? []).map((word) => [word, '']),
    last,
  )
  return { lines, otherwise: takesFile ? 'files' : 'noFiles' }
}

function flagNamed(word: string | undefined, known: Flags): Flag | undefined {
  const found = Object.entries(known).find(
    ([name, { short }]) => word === `--${name}` || (short !== undefined && word === `-${short}`),
  )
  return found?.[1]
}

function valuesOf({ choices, value }: Flag, start: string, prefix: string): Candidates {
  if (choices === undefined)
    return { lines: [], otherwise: value === 'FILE' || value === 'TARGET' ? 'files' : 'noFiles' }
  return {
    lines: choices.filter((choice) => choice.startsWith(start)).map((choice) => `${prefix}${choice}`),
    otherwise: 'noFiles',
  }
}

/** Without flags that are given already and are not repeatable. */
const flagsLeft = (known: Flags, before: readonly string[]): Named =>
  Object.entries(known)
    .filter(
      ([name, { multiple }]) =>
        multiple || !before.some((word) => word === `--${name}` || word.startsWith(`--${name}=`)),
    )
    .map(([name, { summary }]) => [`--${name}`, summary])
