/** The finding for a step that an earlier one stood in the way of: a consequence is not called a failure. */
import type { DoctorHop, Finding } from './finding.ts'

/** A consequence of a consequence names what failed first. */
export function notTried(hop: DoctorHop, about: string, cause: Finding): Finding {
  const because = cause.because ?? { hop: cause.hop, code: cause.code }
  const seen =
    cause.code === 'DEPENDENCY_FAILED' ? cause.seen : `not looked at, because of ${because.hop}: ${because.code}`
  return { hop, about, result: 'skipped', code: 'DEPENDENCY_FAILED', seen, because }
}
