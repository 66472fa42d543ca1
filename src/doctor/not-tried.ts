/** The finding for a step that an earlier one stood in the way of: a consequence is not called a failure. */
import type { DoctorHop, Finding } from './finding.ts'

/** A consequence of a consequence names what failed first. */
export function notTried(hop: DoctorHop, about: string, cause: Finding): Finding {
  const why = `not looked at, because of ${cause.hop}: ${cause.code}`
  return {
    hop,
    about,
    result: 'skipped',
    code: 'AFTER_FAILURE',
    seen: cause.code === 'AFTER_FAILURE' ? cause.seen : why,
  }
}
