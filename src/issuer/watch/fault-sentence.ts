/** A fault as an alarm says it. */
import type { PullpassError } from '../../outside/pullpass-error.ts'

/** `meanwhile`: what holds as long as it lasts. */
export function faultSentence({ code, seen, hint }: PullpassError, meanwhile?: string): string {
  return [`${code}: ${seen}`, meanwhile, hint && `fix: ${hint}`].filter(Boolean).join('; ')
}
