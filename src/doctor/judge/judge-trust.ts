/** What mends a refusal of the vendor's, by what was read there: pure. */

import type { PullpassError } from '../../outside/pullpass-error.ts'
import type { Finding as TrustFinding } from '../../trust/finding.ts'
import type { FindingCode, Remedy } from '../finding.ts'
import type { TrustFacts } from '../gather/way-facts.ts'
import type { MendingCommands } from '../remedy/mending-commands.ts'
import { trustCommand } from '../remedy/trust-command.ts'

/** `hint` of the fault: the vendor's own command, or words, where nothing was read. */
export function trustRemedy(
  facts: TrustFacts,
  { code, hint }: Pick<PullpassError, 'code' | 'hint'>,
  commands: MendingCommands,
): Remedy {
  const { found } = facts
  const apply = trustCommand(facts, commands)
  if (found === undefined) return unread(code, apply, hint)
  const refused = found.find(({ verdict }) => verdict === 'refused')
  if (refused !== undefined) return refusedRemedy(refused, facts, commands)
  const changes = found.flatMap((finding) => finding.changes)
  if (changes.length > 0) {
    const words = `it would ${changes.map(({ says }) => says).join('; ')}`
    return { ...apply, words: [words, apply.words].filter((one) => one !== undefined).join('; ') }
  }
  const notes = found.flatMap((finding) => finding.notes).join('; ')
  const ofKeys = code === 'ISSUER_UNREACHABLE' || code === 'SIGNATURE_REFUSED'
  const keysStay = found.some(({ kept }) => kept.includes('keys'))
  if (ofKeys && keysStay) return { ...trustCommand(facts, commands, 'keys'), words: notes }
  if (code === 'CONDITION_REFUSED') return { words: `${notes}; ${hint ?? ''}` }
  return { words: `${settled}${notes === '' ? '' : `. Besides, ${notes}`}` }
}

const settled =
  'all is there as these documents want it: a change takes up to 5 minutes to be known everywhere, a new key as long as a cache; run pullpass doctor again then'

/** Keys and conditions are nothing that setting up anew would mend, as far as is known. */
function unread(code: FindingCode, apply: Remedy, hint: string | undefined): Remedy {
  if (['CONDITION_REFUSED', 'ISSUER_UNREACHABLE', 'SIGNATURE_REFUSED'].includes(code)) return { words: hint }
  return { ...apply, words: [apply.words, hint].filter((words) => words !== undefined).join('; or: ') }
}

/** What stands against the documents: somebody chose it, so that he is to be asked; the command is what he would run. */
function refusedRemedy({ fault, override }: TrustFinding, facts: TrustFacts, commands: MendingCommands): Remedy {
  const seen = fault?.seen ?? ''
  if (override === undefined) return { words: `${seen}; ${fault?.hint ?? ''}` }
  if ('command' in override) return { command: override.command, words: `${seen}; ask who did that` }
  return { ...trustCommand(facts, commands, ...override.replace), words: seen }
}
