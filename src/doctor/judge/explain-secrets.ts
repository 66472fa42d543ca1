/**
 * What is wrong with a Secret is fixed by a refresh; where a refresh cannot write it, what keeps it from being written comes
 * first, and the rest follows from that. Pure.
 */
import type { Code } from '../../errors/codes.ts'
import type { Finding } from '../finding.ts'
import { notTried } from '../not-tried.ts'

const fixedByRefresh: readonly Code[] = [
  'SECRET_NOT_FOUND',
  'SECRET_EXPIRED',
  'SECRET_OUTDATED',
  'SECRET_EDITED',
  'SECRET_MALFORMED',
  'STORED_CREDENTIAL_REFUSED',
]

/** These a write makes all the same, though what is stored is changed on its way. */
const fixedByAnyWrite: readonly Code[] = ['SECRET_NOT_FOUND', 'SECRET_EXPIRED']

/** Of the Secret itself: the finding at hop `secret` says them already. */
const ownCodes: readonly Code[] = ['SECRET_NOT_OURS', 'SECRET_TYPE_WRONG', 'SECRET_CONFLICT', 'SECRET_IMMUTABLE']

export function explainSecrets(found: readonly Finding[], written: readonly Finding[]): Finding[] {
  const failures = written.filter(({ result, code }) => result === 'failed' && !ownCodes.includes(code))
  if (failures.length === 0) return [...found]
  const tried = new Set(written.map(placeOf))
  return found.map((finding) => {
    const cause = failures.find((failure) => explains(failure, finding, tried))
    if (cause === undefined) return finding
    const seen = `${finding.seen}; no refresh changes that, because of ${cause.hop}: ${cause.code}`
    return { ...finding, ...notTried(finding.hop, finding.about, cause), seen, expected: undefined, remedy: undefined }
  })
}

/** Of many namespaces a sample is written: what is refused in one of them is taken to be refused in those not tried. */
function explains(failure: Finding, finding: Finding, tried: ReadonlySet<string>): boolean {
  if (finding.result !== 'failed' || !fixedByRefresh.includes(finding.code)) return false
  if (failure.code === 'SECRET_MUTATED' && fixedByAnyWrite.includes(finding.code)) return false
  if (failure.secret !== finding.secret) return false
  return failure.namespace === finding.namespace || !tried.has(placeOf(finding))
}

const placeOf = ({ namespace, secret }: Finding) => JSON.stringify([namespace, secret])
