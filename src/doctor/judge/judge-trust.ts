/** What mends a refusal of the vendor's, by what was read there: pure. */

import type { PullpassError } from '../../outside/pullpass-error.ts'
import { shellQuote } from '../../outside/shell-quote.ts'
import type { Finding as TrustFinding } from '../../trust/finding.ts'
import { describeChange, resourceName } from '../../trust/finding.ts'
import type { FindingCode, Remedy } from '../finding.ts'
import type { MendingCommands } from '../remedy/mending-commands.ts'
import { type TrustKnown, trustCommand } from '../remedy/trust-command.ts'

export interface TrustFacts extends TrustKnown {
  /** undefined: it could not be looked at. */
  readonly found: readonly TrustFinding[] | undefined
}

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
    const words = `it would ${changes.map(describeChange).join('; ')}`
    return { ...apply, words: [words, apply.words].filter((one) => one !== undefined).join('; ') }
  }
  const notes = found.flatMap((finding) => finding.notes).join('; ')
  const ofKeys = code === 'ISSUER_UNREACHABLE' || code === 'SIGNATURE_REFUSED'
  if (ofKeys && /uploaded keys stay/.test(notes)) return { ...trustCommand(facts, commands, 'keys'), words: notes }
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

/** How a plan says what differs, and the word that lets it be changed. */
const replacing: readonly (readonly [RegExp, string])[] = [
  [/\bits issuer is\b/, 'issuer'],
  [/\bit maps\b/, 'mapping'],
  [/\bits condition is\b/, 'condition'],
  [/\bits key\b|\bno JWKS\b/, 'keys'],
]

/** What stands against the documents: somebody chose it, so that he is to be asked; the command is what he would run. */
function refusedRemedy({ after, fault }: TrustFinding, facts: TrustFacts, commands: MendingCommands): Remedy {
  const seen = fault?.seen ?? ''
  const name = shellQuote(resourceName(after))
  if (/\bdisabled\b/.test(seen)) {
    const update = after.kind === 'pool' ? 'update' : 'providers update-oidc'
    return {
      command: `gcloud iam workload-identity-pools ${update} ${name} --no-disabled`,
      words: `${seen}; ask who did that`,
    }
  }
  const fields = replacing.filter(([says]) => says.test(seen)).map(([, field]) => field)
  return fields.length > 0
    ? { ...trustCommand(facts, commands, ...fields), words: seen }
    : { words: `${seen}; ${fault?.hint ?? ''}` }
}
