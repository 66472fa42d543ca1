/** Help texts, made from what the commands declare. */
import type { Command } from './command.ts'
import type { CommandEntry } from './commands.ts'
import type { Flag, Flags } from './flag.ts'
import { commonFlags, defaultTimeout } from './flags.ts'

/** A terminal of this width breaks no line. */
const columns = 120

export function renderHelp(commands: Readonly<Record<string, CommandEntry>>): string {
  const rows = Object.entries(commands).map(([name, { summary }]) => [name, summary] as const)
  return [
    'pullpass turns Kubernetes service account tokens into registry credentials that live an hour.',
    '',
    'Usage: pullpass COMMAND [flags]',
    '',
    'Commands:',
    ...aligned(rows),
    '',
    'pullpass COMMAND --help shows the flags of one. Also: --version.',
    'Results are printed on standard output, everything else on standard error.',
    'Exit codes: 0 all done; 1 something failed, named; 2 wrong usage, before anything was written.',
  ].join('\n')
}

/** What a group such as `issuer` holds. */
export function renderGroupHelp(group: {
  readonly name: string
  readonly members: Readonly<Record<string, CommandEntry>>
}): string {
  return [
    `Usage: pullpass ${group.name} COMMAND [flags]`,
    '',
    'Commands:',
    ...aligned(Object.entries(group.members).map(([name, { summary }]) => [name, summary] as const)),
    '',
    `pullpass ${group.name} COMMAND --help shows the flags of one.`,
  ].join('\n')
}

export function renderCommandHelp({ summary, usage, details, flags, life }: Command): string {
  return [
    `${summary}.`,
    '',
    ...usage.map((form, index) => `${index === 0 ? 'Usage:' : '      '} pullpass ${form}`),
    '',
    details,
    '',
    ...(Object.keys(flags).length > 0 ? ['Flags:', ...flagRows(flags), ''] : []),
    'Flags of every command:',
    ...flagRows({ ...commonFlags, timeout: timeoutFlag(life) }),
  ].join('\n')
}

function timeoutFlag(life: Command['life']): Flag {
  const { timeout } = commonFlags
  return { ...timeout, summary: `${timeout.summary} (default ${defaultTimeout[life] ?? 'none'})` }
}

const flagRows = (flags: Flags) => aligned(Object.entries(flags).map(([name, flag]) => flagRow(name, flag)))

/** Columns: more choices than fit beside a flag are named after its summary. */
const choicesFit = 24

function flagRow(name: string, { short, value, summary, choices }: Flag): readonly [string, string] {
  const beside = choices !== undefined && choices.join('|').length <= choicesFit ? choices.join('|') : value
  const left = `${short === undefined ? '    ' : `-${short}, `}--${name}${beside === undefined ? '' : ` ${beside}`}`
  return choices === undefined || beside !== value ? [left, summary] : [left, `${summary}: ${choices.join(', ')}`]
}

/** Two columns; a text that is too long for the second goes on below. */
function aligned(rows: readonly (readonly [string, string])[]): string[] {
  const width = Math.max(...rows.map(([left]) => left.length))
  return rows.flatMap(([left, right]) =>
    breakLines(right, columns - width - 4).map((line, at) => `  ${(at === 0 ? left : '').padEnd(width)}  ${line}`),
  )
}

function breakLines(text: string, longest: number): string[] {
  const lines = ['']
  for (const word of text.split(' ')) {
    const line = `${lines.at(-1)} ${word}`.trimStart()
    if (line.length > longest) lines.push(word)
    else lines[lines.length - 1] = line
  }
  return lines
}
