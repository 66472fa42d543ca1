/** A service account, wanted against found: pure. */
import type { Finding } from './finding.ts'
import type { FoundAccount } from './found-state.ts'
import { trustRefused } from './trust-refused.ts'
import type { WantedAccount } from './wanted-trust.ts'

/** What people may create; others are Google's own. https://cloud.google.com/iam/docs/service-accounts-create */
const creatable = /^([a-z](?:[a-z0-9-]{4,28}[a-z0-9]))@([a-z0-9.-]+)\.iam\.gserviceaccount\.com$/

/** Id and project; undefined of an account that nobody can create. */
export function accountParts(email: string): { readonly id: string; readonly project: string } | undefined {
  const [, id, host] = creatable.exec(email) ?? []
  if (id === undefined || host === undefined) return undefined
  // `NAME@PROJECT.example.com.iam…` is of the domain's project example.com:PROJECT.
  const [project = '', ...domain] = host.split('.')
  return { id, project: domain.length === 0 ? project : `${domain.join('.')}:${project}` }
}

export function judgeAccount({ email, description }: WantedAccount, found: FoundAccount | undefined): Finding {
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
  const fault = trustRefused(`service account ${email} is disabled`, {
    expected: 'an enabled one, or another',
    hint: `ask who disabled it, then: gcloud iam service-accounts enable ${email}`,
  })
  return { ...present, verdict: 'refused', changes: [], fault }
}
