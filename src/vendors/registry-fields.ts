/** Fields and rules of registries that several vendors share. */

import type { FieldPath, FieldProblem } from '../document/document-errors.ts'
import type { SharedFields } from '../document/document-vendor.ts'
import type { TextRule } from '../document/field-rules.ts'
import { parseDuration } from '../text/nearest.ts'
import type { RegistryOf } from './vendor.ts'

/** RFC 7617 §2: a user name of HTTP basic authentication contains no colon. */
export const userName: TextRule = {
  pattern: /^[!-9;-~]+$/,
  maxLength: 256,
  expected: 'a user name without spaces and ":"',
}

/** A duration between two others, both included. */
export function lifetimeRule(least: string, most: string): TextRule {
  const [leastMs = 0, mostMs = 0] = [parseDuration(least), parseDuration(most)]
  const expected = `a lifetime from ${least} to ${most}, such as 1h`
  return {
    pattern: /^(?=[0-9])(?:[0-9]{1,5}h)?(?:[0-9]{1,6}m)?(?:[0-9]{1,8}s)?$/,
    maxLength: 24,
    expected,
    knownMistake: (text) => {
      const ms = parseDuration(text)
      return ms !== undefined && (ms < leastMs || ms > mostMs) ? expected : undefined
    },
  }
}

/** Of a vendor whose audience nobody else defines. `path` leads to the vendor's fields. */
export const audienceProblems = (path: FieldPath, { audience }: SharedFields): FieldProblem[] =>
  audience === undefined
    ? [
        {
          path: [...path.slice(0, -1), 'audience'],
          predicate: 'is missing',
          expected: 'the audience for which the other side is configured, such as the URL of the registry',
        },
      ]
    : []

/** Of a registry that `audienceProblems` has checked. */
export function audienceOf({ name, audience }: Pick<RegistryOf<unknown>, 'name' | 'audience'>): string {
  if (audience === undefined) throw new TypeError(`registry ${name} passed its checks without an audience`)
  return audience
}
