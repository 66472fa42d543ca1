/** The finding for a fault that a run of another command would end on as well. */

import type { PullpassError } from '../errors/pullpass-error.ts'
import type { Refusal } from '../http/request-errors.ts'
import type { DoctorHop, Finding, Remedy } from './finding.ts'

/** `remedy`: the command that mends it, where there is one; the fault's own words stand beside it. */
export function failedBy(hop: DoctorHop, about: string, fault: PullpassError, remedy: Remedy = {}): Finding {
  const { code, seen, expected, also, hint, unreached } = fault
  const own = remedyIn({ hint, command: remedy.command ?? fault.command })
  const mended = { ...own, ...remedy }
  const more = { ...(also.length > 0 && { also }), ...(unreached && { unreached }) }
  return { hop, about, result: 'failed', code, seen, expected, ...more, remedy: mended }
}

/** A hint that ends with a command, in two: the command is printed once. */
export function remedyIn({
  hint,
  command,
}: Pick<PullpassError, 'hint' | 'command'> | Pick<Refusal, 'hint' | 'command'>): Remedy {
  if (command === undefined) return hint === undefined ? {} : { words: hint }
  const words = hint?.endsWith(`: ${command}`) ? hint.slice(0, -`: ${command}`.length) : hint
  return words === undefined || words.includes(command) ? { command } : { command, words }
}
