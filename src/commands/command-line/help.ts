/** Help texts, rendered from the declarations of the commands. */

import type { Command, CommandEntry } from './command.ts'
import type { Flag, Flags } from './flag.ts'
import { commonFlags, defaultLogLevel, defaultTimeout } from './flags.ts'

/** Help fits a terminal of this width. */
const columns = 120

export function renderHelp(commands: Readonly<Record<string, CommandEntry>>): string {
  const rows = Object.entries(commands).map(([name, { summary }]) => [name, summary] as const)
  return [
    'pullpass exchanges Kubernetes service account tokens for short-lived registry credentials.',
    '',
    'Usage: pullpass COMMAND [flags]',
    '',
    'Commands:',
    ...aligned(rows),
    '',
    'Use "pullpass COMMAND --help" for the flags of a command, and "pullpass --version" for the version.',
    'Results are written to standard output, everything else to standard error.',
    'Exit codes: 0 success; 1 failure, which is reported; 2 invalid usage or input, nothing was written.',
  ].join('\n')
}

/** The commands of a group, such as `issuer`. */
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
    `Use "pullpass ${group.name} COMMAND --help" for the flags of a command.`,
  ].join('\n')
}

export function renderCommandHelp(
  { summary }: CommandEntry,
  { usage, details, flags, life, untilStoppedWith }: Command,
): string {
  return [
    `${summary}.`,
    '',
    ...usage.map((form, index) => `${index === 0 ? 'Usage:' : '      '} pullpass ${form}`),
    '',
    details,
    '',
    ...(Object.keys(flags).length > 0 ? ['Flags:', ...flagRows(flags), ''] : []),
    'Global flags:',
    ...flagRows({
      ...commonFlags,
      timeout: timeoutFlag(life, untilStoppedWith),
      'log-level': {
        ...logLevel,
        summary: `${logLevel.summary} (default ${defaultLogLevel[life]})`,
      },
    }),
  ].join('\n')
}

const logLevel = commonFlags['log-level']

function timeoutFlag(life: Command['life'], untilStoppedWith: string | undefined): Flag {
  const { timeout } = commonFlags
  const otherwise = untilStoppedWith === undefined ? '' : `; with --${untilStoppedWith} none`
  return { ...timeout, summary: `${timeout.summary} (default ${defaultTimeout[life] ?? 'none'}${otherwise})` }
}

const flagRows = (flags: Flags) => aligned(Object.entries(flags).map(([name, flag]) => flagRow(name, flag)))

/** Columns: longer lists of choices follow the summary. */
const choicesFit = 24

function flagRow(name: string, { short, value, summary, choices }: Flag): readonly [string, string] {
  const valueName = choices !== undefined && choices.join('|').length <= choicesFit ? choices.join('|') : value
  const left = `${short === undefined ? '    ' : `-${short}, `}--${name}${valueName === undefined ? '' : ` ${valueName}`}`
  return choices === undefined || valueName !== value ? [left, summary] : [left, `${summary}: ${choices.join(', ')}`]
}

/** Two columns; long text in the second continues on the next line. */
function aligned(rows: readonly (readonly [string, string])[]): string[] {
  const width = Math.max(...rows.map(([left]) => left.length))
  return rows.flatMap(([left, right]) =>
    breakLines(right, columns - width - 4).map((line, at) => `  ${(at === 0 ? left : '').padEnd(width)}  ${line}`),
  )
}

/** Lines of at most `longest` characters, broken between words. */
export function breakLines(text: string, longest: number): string[] {
  const lines = ['']
  for (const word of text.split(' ')) {
    const line = `${lines.at(-1)} ${word}`.trimStart()
    if (line.length > longest) lines.push(word)
    else lines[lines.length - 1] = line
  }
  return lines
}
