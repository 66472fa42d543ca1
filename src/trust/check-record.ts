/** Before anything is made: whether what is to be granted can be recorded. Else a half of it would be made, and then no grant. */
import type { AbsentAccount } from '../kubernetes/absent-account.ts'
import { PullpassError } from '../outside/pullpass-error.ts'
import type { ApplyWays } from './apply-trust.ts'
import type { TrustResource } from './trust-vendor.ts'

interface Recording extends Pick<ApplyWays, 'accepted' | 'record'> {
  /** Whose tokens are to be exchanged, and who are not there. */
  readonly absent: readonly AbsentAccount[]
}

/** @throws NAMESPACE_MISSING, KUBERNETES_FORBIDDEN, …; not where nothing is to be granted */
export async function checkRecord(resources: readonly TrustResource[], recording: Recording): Promise<void> {
  const { accepted, record, absent } = recording
  const tried = new Set<string>()
  for (const resource of resources) {
    const { entry } = resource
    const places = entry?.namespaces.join(' ') ?? ''
    if (entry === undefined || tried.has(places) || (await resource.look(accepted)).changes.length === 0) continue
    tried.add(places)
    await record.rehearse(entry).catch((fault: unknown) => {
      if (!(fault instanceof PullpassError)) throw fault
      // A webhook that acts on what it sees takes part in no dry run, and may well take the write.
      if (fault.code !== 'DRY_RUN_UNSUPPORTED') throw unrecordable(fault, absent)
    })
  }
}

function unrecordable(fault: PullpassError, absent: readonly AbsentAccount[]): PullpassError {
  if (fault.code !== 'NAMESPACE_MISSING' && fault.code !== 'KUBERNETES_FORBIDDEN') return fault
  const { code, hop, seen, expected, hint = '', retryable } = fault
  const command = absent.find(({ missing }) => missing === 'namespace')?.command
  const without = '--no-record makes it without a record, and destroy then leaves the grants'
  return new PullpassError({
    code,
    hop,
    seen: `${seen}; what is granted is recorded there, so nothing was made`,
    expected,
    hint: command === undefined ? `${hint}; or ${without}` : `${without}; or: ${command}`,
    retryable,
  })
}
