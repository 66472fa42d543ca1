/** A variable that leads a target elsewhere: an emulator, a private endpoint. Whoever it names may receive tokens. */
import { originUrl } from '../../../document/gcp-rules.ts'
import { showValue } from '../../../document/show-value.ts'
import { brokenRule } from '../../../document/text-rule.ts'
import type { Environment } from '../../../outside/outside.ts'
import { PullpassError } from '../../../outside/pullpass-error.ts'

/** Its value without a trailing slash, before `path` where it may have one; undefined where it is not set. @throws VARIABLE_INVALID */
export function originVariable(
  environment: Environment,
  name: string,
  mayHavePath: 'path' | 'no path',
): string | undefined {
  const value = environment[name]
  if (!value) return undefined
  const trimmed = value.replace(/\/$/, '')
  const [origin] =
    mayHavePath === 'path' ? (/^[a-z]+:\/\/[^/]*(?=(?:\/[A-Za-z0-9-]+)?$)/.exec(trimmed) ?? ['']) : [trimmed]
  const expected = brokenRule(originUrl, origin)
  if (expected === undefined) return trimmed
  throw new PullpassError({
    code: 'VARIABLE_INVALID',
    hop: 'document',
    seen: `variable ${name} is ${showValue(value)}`,
    expected: mayHavePath === 'path' ? `${expected}, or with one word as its path` : expected,
    hint: 'correct it, or unset it to ask the vendor itself',
  })
}
