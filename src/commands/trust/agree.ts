/** Shows each change before it is made, and asks where somebody is to be asked. */

import type { Outside } from '../../outside/outside.ts'
import { plainLine } from '../../outside/plain-text.ts'
import { PullpassError } from '../../outside/pullpass-error.ts'
import type { Terminal } from '../command.ts'

export type Agree = (change: string) => Promise<'make' | 'leave'>

/** @throws USAGE_INVALID where nobody can be asked and nobody said --yes */
export function askBefore(
  command: string,
  yes: boolean,
  { terminal, outside }: { readonly terminal: Terminal; readonly outside: Pick<Outside, 'signal'> },
): Agree {
  const { ask } = terminal
  if (!yes && ask === undefined) {
    throw new PullpassError({
      code: 'USAGE_INVALID',
      hop: 'run',
      seen: `${command} asks before each change, and there is no terminal to ask on`,
      expected: '--yes, which changes without asking',
      hint: 'see first what would change: pullpass trust plan',
    })
  }
  let all = yes
  return async (change) => {
    const shown = plainLine(change)
    if (!all && ask !== undefined) {
      const answer = (await ask(`${shown}\n  [y]es, [n]o, [a]ll: `, outside.signal)).trim().toLowerCase()
      all = answer === 'a' || answer === 'all'
      return all || answer === 'y' || answer === 'yes' ? 'make' : 'leave'
    }
    terminal.complain(shown)
    return 'make'
  }
}
