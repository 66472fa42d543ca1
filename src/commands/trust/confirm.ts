/** Prints each change before it is applied, and prompts for confirmation. */
import { PullpassError } from '../../errors/pullpass-error.ts'
import type { Context } from '../../http/context.ts'
import { renderError } from '../../terminal/render-error.ts'
import { plainLine } from '../../text/plain-text.ts'
import { observeAll } from '../../trust/desired.ts'
import type { Accepted, TrustResource } from '../../vendors/trust/contract.ts'
import type { Call, Terminal } from '../command-line/command.ts'

type Confirm = (change: string) => Promise<'confirmed' | 'declined'>

const choices: Readonly<Record<string, 'yes' | 'no' | 'all'>> = {
  y: 'yes',
  yes: 'yes',
  n: 'no',
  no: 'no',
  a: 'all',
  all: 'all',
}

interface Confirmation {
  /** For messages: `trust apply`. */
  readonly command: string
  /** Of --yes, for messages. */
  readonly effect: 'applies' | 'deletes'
  /** `given`: by --yes. */
  readonly consent: 'given' | 'required'
  /** For runs without a terminal: how to see all changes first. */
  readonly hint: string
}

interface ConfirmationContext {
  readonly terminal: Terminal
  readonly context: Pick<Context, 'signal'>
}

/** The end of input (Ctrl-D) declines all remaining changes. @throws USAGE_INVALID without a terminal and --yes */
export function confirmChanges(confirmation: Confirmation, { terminal, context }: ConfirmationContext): Confirm {
  const { consent } = confirmation
  const { prompt } = terminal
  if (consent === 'required' && prompt === undefined) throw noTerminal(confirmation)
  let choiceForAll: 'confirmed' | 'declined' | undefined = consent === 'given' ? 'confirmed' : undefined
  return async (change) => {
    const shown = plainLine(change)
    if (choiceForAll !== undefined || prompt === undefined) {
      terminal.printError(shown)
      return choiceForAll ?? 'confirmed'
    }
    const choice = await promptUntilValid(`${shown}\n  [y]es, [n]o, [a]ll: `, prompt, context.signal)
    if (choice === 'all') choiceForAll = 'confirmed'
    if (choice === 'end of input') choiceForAll = 'declined'
    return choice === 'yes' || choice === 'all' ? 'confirmed' : 'declined'
  }
}

interface SharingConfirmation extends Pick<Confirmation, 'consent'> {
  /** By flags. */
  readonly given: Accepted
}

/** Sharing a trust domain has its own confirmation: --yes and "all" do not accept that another cluster has the same permissions. */
export async function confirmSharing(
  resources: readonly TrustResource[],
  { given, consent }: SharingConfirmation,
  { terminal, context, common }: Pick<Call<Record<string, never>>, 'terminal' | 'context' | 'common'>,
): Promise<Accepted> {
  if (given.sharing === 'accepted' || consent === 'given' || terminal.prompt === undefined) return given
  const shared = (await observeAll(resources, given)).filter(({ fault }) => fault?.code === 'TRUST_DOMAIN_SHARED')
  for (const { fault, kind, name } of shared) {
    if (fault !== undefined)
      terminal.printError(renderError(fault, { format: common['log-format'], now: context.now() }))
    const choice = await promptUntilValid(
      `Share ${kind} ${name} with these clusters?\n  [y]es, [n]o: `,
      terminal.prompt,
      context.signal,
    )
    if (choice !== 'yes') return given
  }
  return shared.length === 0 ? given : { ...given, sharing: 'accepted' }
}

/** Prompts until the choice is valid. */
async function promptUntilValid(question: string, prompt: NonNullable<Terminal['prompt']>, signal: AbortSignal) {
  for (;;) {
    const line = await prompt(question, signal)
    const choice = line === undefined ? 'end of input' : choices[line.trim().toLowerCase()]
    if (choice !== undefined) return choice
  }
}

function noTerminal({ command, hint, effect }: Confirmation): PullpassError {
  return new PullpassError({
    code: 'USAGE_INVALID',
    hop: 'run',
    seen: `${command} requires confirmation, and there is no terminal`,
    expected: `--yes, which ${effect} without confirmation`,
    hint,
  })
}
