/** Files and origins that environment variables name: vendors' libraries report neither the file nor the variable. */
import { brokenRule, originUrl } from '../document/field-rules.ts'
import { showValue } from '../document/show-value.ts'
import { PullpassError } from '../errors/pullpass-error.ts'
import { readRegularFile, whyUnreadable } from '../host/read-file.ts'
import type { Environment } from '../http/context.ts'
import { showPath } from '../text/show.ts'

const longest = 64 * 1024

/** Nothing of it is kept. @throws PUBLISH_CREDENTIALS_MISSING */
export async function checkNamedFile(environment: Environment, variable: string): Promise<void> {
  const path = environment[variable]
  if (!path) return
  await readRegularFile(path, longest).catch((error: unknown) => {
    throw credentialsMissing(
      `${variable} names ${showPath(path)}, which ${whyUnreadable(error)}`,
      'a readable file; no other identity is tried instead',
      `mount what ${variable} names, or unset it`,
    )
  })
}

/**
 * Variables that name an identity together. If one is missing, a vendor's library ignores the others and uses the
 * next identity of its chain, at last the machine's own.
 */
export interface NamedTogether {
  readonly variable: string
  /** Any of them goes with it. */
  readonly needs: readonly string[]
}

/** @throws PUBLISH_CREDENTIALS_MISSING for the first variable that is set without any of those that it needs */
export function checkNamedTogether(environment: Environment, pairs: readonly NamedTogether[], hint: string): void {
  const half = pairs.find(({ variable, needs }) => environment[variable] && !needs.some((name) => environment[name]))
  if (half === undefined) return
  const lacks = half.needs.length === 1 ? `${half.needs[0]} is not` : `none of ${half.needs.join(', ')} is`
  throw credentialsMissing(
    `the operator's identity is named by half: ${half.variable} is set, and ${lacks}`,
    'all variables of an identity, or none of them; no other identity is tried instead',
    hint,
  )
}

/** No identity, or an incomplete one, is an error: no other identity is tried instead. */
export const credentialsMissing = (seen: string, expected: string, hint: string): PullpassError =>
  new PullpassError({ code: 'PUBLISH_CREDENTIALS_MISSING', hop: 'publish', seen, expected, hint })

// A variable that leads a target elsewhere: an emulator, a private endpoint. Whoever it names may receive tokens.

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
    hint: 'correct it, or unset it to use the vendor itself',
  })
}
