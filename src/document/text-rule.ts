/** A rule for one text of a document or a variable, as data: schema, environment and reference page share it. */
import { looksLikeSecret } from '../outside/looks-like-secret.ts'

export interface TextRule {
  readonly pattern: RegExp
  readonly maxLength: number
  /** What a good text is, to follow the word "expected". */
  readonly expected: string
  /** A better answer for a mistake that people make; it may also refuse what the pattern lets through. */
  readonly knownMistake?: (text: string) => string | undefined
}

/** A longer text is nobody's slip of the pen, and patterns need not be tried on it. */
const longestExplained = 1024

/** What was expected instead of `text`; undefined where it keeps the rule. */
export function brokenRule(rule: TextRule, text: string): string | undefined {
  // An explanation repeats the text.
  const explained = text.length <= longestExplained && !looksLikeSecret(text)
  const mistake = explained ? rule.knownMistake?.(text) : undefined
  if (mistake !== undefined) return mistake
  if (text.length > rule.maxLength) return `${rule.expected}, at most ${rule.maxLength} characters`
  return rule.pattern.test(text) ? undefined : rule.expected
}
