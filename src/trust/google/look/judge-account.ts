/** A service account, wanted against found: pure. */
import { shellQuote } from '../../../outside/shell-quote.ts'
import { trustRefused } from '../../trust-refused.ts'
import { accountParts } from '../account-parts.ts'
import type { WantedAccount } from '../want/wanted-at-google.ts'
import type { FoundAccount } from './found-state.ts'
import type { GoogleFinding } from './google-finding.ts'

export function judgeAccount({ email, description }: WantedAccount, found: FoundAccount | undefined): GoogleFinding {
  const after = { kind: 'account', email, description } as const
  if (found === undefined) {
    const absent = { after, presence: 'absent', notes: [] } as const
    if (accountParts(email) !== undefined) {
      return { ...absent, verdict: 'create', changes: [{ kind: 'create', resource: after }] }
    }
    const fault = trustRefused(`service account ${email} is not there, and nobody can create one of this name`, {
      expected: 'NAME@PROJECT.iam.gserviceaccount.com, of 6 to 30 lower-case letters, digits and "-"',
      hint: "correct the document's serviceAccountEmail",
    })
    return { ...absent, verdict: 'refused', changes: [], fault }
  }
  const present = { after: { ...after, description: found.description }, presence: 'present', notes: [] } as const
  if (!found.disabled) return { ...present, verdict: 'ok', changes: [] }
  const command = `gcloud iam service-accounts enable ${shellQuote(email)}`
  const fault = trustRefused(`service account ${email} is disabled`, {
    expected: 'an enabled one, or another',
    hint: `ask who disabled it, then: ${command}`,
  })
  return { ...present, verdict: 'refused', changes: [], fault, override: { command } }
}
