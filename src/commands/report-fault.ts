/** An error as a part of a report. */
import type { PullpassError } from '../outside/pullpass-error.ts'

export function reportFault(fault: PullpassError | undefined): { error?: object } {
  if (fault === undefined) return {}
  const { code, hop, seen, expected, hint, retryable } = fault
  return { error: { code, hop, seen, expected, fix: hint, retryable } }
}
