/** The finding for a fault that a run of another command would end on as well. */
import type { PullpassError } from '../outside/pullpass-error.ts'
import type { DoctorHop, Finding, Remedy } from './finding.ts'

/** `remedy`: the command that mends it, where there is one; the fault's own words stand beside it. */
export function failedBy(hop: DoctorHop, about: string, fault: PullpassError, remedy: Remedy = {}): Finding {
  const { code, seen, expected, also, hint, unreached } = fault
  const { command } = remedy
  // A fault may know the command too: it is printed once.
  const words = remedy.words ?? (command !== undefined && hint?.includes(command) ? undefined : hint)
  const mended = { ...remedy, ...(words && { words }) }
  const more = { ...(also.length > 0 && { also }), ...(unreached && { unreached }) }
  return { hop, about, result: 'failed', code, seen, expected, ...more, remedy: mended }
}
