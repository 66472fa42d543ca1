/** A fault that a run can name and go on from. */
import { PullpassError } from './pullpass-error.ts'

/** What nobody classified is a bug, and ends the run: it is thrown on. */
export function asFault(error: unknown): PullpassError {
  if (error instanceof PullpassError) return error
  throw error
}
