/** Help texts, made from what the commands declare. */
import type { Command, Flags } from './command.ts'
import type { CommandEntry } from './commands.ts'
import { commonFlags } from './shared-flags.ts'

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

export function renderCommandHelp({ summary, usage, details, flags }: Command): string {
  return [
    `${summary}.`,
    '',
    ...usage.map((form, index) => `${index === 0 ? 'Usage:' : '      '} pullpass ${form}`),
    '',
    details,
    '',
    ...(Object.keys(flags).length > 0 ? ['Flags:', ...flagRows(flags), ''] : []),
    'Flags of every command:',
    ...flagRows(commonFlags),
  ].join('\n')
}

const flagRows = (flags: Flags) =>
  aligned(
    Object.entries(flags).map(([name, { short, value, summary, choices }]) => [
      `${short === undefined ? '    ' : `-${short}, `}--${name}${choices ? ` ${choices.join('|')}` : value ? ` ${value}` : ''}`,
      summary,
    ]),
  )

function aligned(rows: readonly (readonly [string, string])[]): string[] {
  const width = Math.max(...rows.map(([left]) => left.length))
  return rows.map(([left, right]) => `  ${left.padEnd(width)}  ${right}`)
}
