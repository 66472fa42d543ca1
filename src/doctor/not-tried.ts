/** The finding for a step that an earlier one stood in the way of: a consequence is not called a failure. */
import type { DoctorHop, Finding } from './finding.ts'

export const notTried = (hop: DoctorHop, about: string, cause: Finding): Finding => ({
  hop,
  about,
  result: 'skipped',
  code: 'AFTER_FAILURE',
  seen: `not looked at, because of ${cause.hop}: ${cause.code}`,
})
