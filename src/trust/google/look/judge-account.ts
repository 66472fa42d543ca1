/** A service account, wanted against found: pure. */

import { accountParts, gcloudAccount } from '../../../document/gcp-names.ts'
import { shellQuote } from '../../../outside/shell-quote.ts'
import { trustRefused } from '../../trust-refused.ts'
import type { WantedAccount } from '../want/wanted-at-google.ts'
import type { FormerAccount } from './account-history.ts'
import type { FoundAccount } from './found-state.ts'
import type { CreatedResource, GoogleFinding } from './google-finding.ts'

/** `former`: of a name that is free, the deleted account that had it. */
export function judgeAccount(
  wanted: WantedAccount,
  found: FoundAccount | undefined,
  former: FormerAccount | undefined,
): GoogleFinding {
  const { email, description } = wanted
  const after = { kind: 'account', email, description } as const
  if (found === undefined) return judgeAbsent(after, former)
  // An empty name is somebody's, too: a new account has pullpass's.
  const { description: said, displayName = '' } = found
  const present = { after: { ...after, description: said, displayName }, presence: 'present', notes: [] } as const
  if (!found.disabled) return { ...present, verdict: 'ok', changes: [] }
  const command = `gcloud iam service-accounts enable ${gcloudAccount(email).map(shellQuote).join(' ')}`
  const fault = trustRefused(`service account ${email} is disabled`, {
    expected: 'an enabled one, or another',
    hint: `ask who disabled it, then: ${command}`,
  })
  return { ...present, verdict: 'refused', changes: [], fault, override: { command } }
}

type Account = Extract<CreatedResource, { kind: 'account' }>

/** Made anew it would be another, to which nothing is granted of what the deleted one had. */
function judgeAbsent(after: Account, former: FormerAccount | undefined): GoogleFinding {
  const { email } = after
  const absent = { after, presence: 'absent', notes: [] } as const
  if (accountParts(email) === undefined) {
    const fault = trustRefused(`service account ${email} is not there, and nobody can create one of this name`, {
      expected: 'NAME@PROJECT.iam.gserviceaccount.com, of 6 to 30 lower-case letters, digits and "-"',
      hint: "correct the document's serviceAccountEmail",
    })
    return { ...absent, verdict: 'refused', changes: [], fault }
  }
  if (former === undefined) return { ...absent, verdict: 'create', changes: [{ kind: 'create', resource: after }] }
  if (former.uniqueId !== undefined) {
    const change = { kind: 'undelete', resource: 'account', email, uniqueId: former.uniqueId } as const
    const notes = ['it was deleted, and comes back with the grants that it had where that is less than 30 days ago']
    return { after, presence: 'present', verdict: 'undelete', changes: [change], notes }
  }
  const lost = 'what was granted to a deleted one of this name does not come back'
  return {
    ...absent,
    verdict: 'create',
    changes: [{ kind: 'create', resource: after, lost }],
    notes: [`it is made anew, and ${lost}: ${former.why}`],
  }
}
