/** Shows each change before it is made, and asks where somebody is to be asked. */
import type { Outside } from '../../outside/outside.ts'
import { plainLine } from '../../outside/plain-text.ts'
import { PullpassError } from '../../outside/pullpass-error.ts'
import type { Terminal } from '../command.ts'

export type Agree = (change: string) => Promise<'make' | 'leave'>

const answers: Readonly<Record<string, 'yes' | 'no' | 'all'>> = {
  y: 'yes',
  yes: 'yes',
  n: 'no',
  no: 'no',
  a: 'all',
  all: 'all',
}

interface Asking {
  readonly terminal: Terminal
  readonly outside: Pick<Outside, 'signal'>
}

/** Who leaves in the middle (Ctrl-D) leaves all that is left. @throws USAGE_INVALID where nobody can be asked and nobody said --yes */
export function askBefore(command: string, yes: boolean, { terminal, outside }: Asking): Agree {
  const { ask } = terminal
  if (!yes && ask === undefined) throw nobodyToAsk(command)
  let standing: 'make' | 'leave' | undefined = yes ? 'make' : undefined
  return async (change) => {
    const shown = plainLine(change)
    if (standing !== undefined || ask === undefined) {
      terminal.complain(shown)
      return standing ?? 'make'
    }
    const answer = await answerTo(`${shown}\n  [y]es, [n]o, [a]ll: `, ask, outside.signal)
    if (answer === 'all') standing = 'make'
    if (answer === 'gone') standing = 'leave'
    return answer === 'yes' || answer === 'all' ? 'make' : 'leave'
  }
}

/** Asks until it is one of the answers. */
async function answerTo(question: string, ask: NonNullable<Terminal['ask']>, signal: AbortSignal) {
  for (;;) {
    const line = await ask(question, signal)
    const answer = line === undefined ? 'gone' : answers[line.trim().toLowerCase()]
    if (answer !== undefined) return answer
  }
}

function nobodyToAsk(command: string): PullpassError {
  return new PullpassError({
    code: 'USAGE_INVALID',
    hop: 'run',
    seen: `${command} asks before each change, and there is no terminal to ask on`,
    expected: '--yes, which changes without asking',
    hint:
      command === 'trust apply'
        ? 'see first what would change: pullpass trust plan'
        : 'see first what would be removed: pullpass trust destroy --dry-run',
  })
}
