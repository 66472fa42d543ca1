/**
 * The operator: the person or CI job whose own credentials publish issuer metadata and configure trust. A vendor signs in by files
 * of the same names:
 *
 *     operator/sign-in.ts             selects the identity that the variables name, never another one, and renews its credential
 *     operator/library-transport.ts   sends the requests of the vendor's library over the transport of the run
 */
import { brokenRule, originUrl } from '../document/field-rules.ts'
import { showValue } from '../document/show-value.ts'
import type { ErrorCode } from '../errors/codes.ts'
import { type Fix, PullpassError } from '../errors/pullpass-error.ts'
import { readRegularFile, whyUnreadable } from '../host/read-file.ts'
import type { Environment } from '../http/context.ts'
import { Redacted } from '../text/redacted.ts'
import { showPath } from '../text/show.ts'

/** The operator's current credential at a vendor, and when it is renewed: at half of its lifetime. @throws PullpassError */
export type OperatorCredential<Granted extends { readonly expiresAt: Date }> = () => Promise<
  Granted & { readonly renewAt: Date }
>

/** What the operator's credentials are used for: the hop and the codes of errors. */
export interface OperatorPurpose {
  readonly hop: 'publish' | 'trust'
  readonly codes: {
    /** No credentials, or incomplete ones. */
    readonly missing: ErrorCode
    /** The vendor refuses them. */
    readonly denied: ErrorCode
    readonly unavailable: ErrorCode
  }
}

export const publishing: OperatorPurpose = {
  hop: 'publish',
  codes: {
    missing: 'PUBLISH_CREDENTIALS_MISSING',
    denied: 'PUBLISH_DENIED',
    unavailable: 'PUBLISH_UNAVAILABLE',
  },
}

export const configuringTrust: OperatorPurpose = {
  hop: 'trust',
  codes: { missing: 'TRUST_CREDENTIALS_MISSING', denied: 'TRUST_DENIED', unavailable: 'TRUST_UNAVAILABLE' },
}

/** One sign-in for all resources: also a failed one is not repeated. */
export function once<T>(start: () => Promise<T>): () => Promise<T> {
  let started: Promise<T> | undefined
  return async () => {
    started ??= start()
    return await started
  }
}

/** The variable with a token of the operator, as the vendor's tool or Terraform provider names it. */
export interface TokenVariable {
  readonly name: string
  /** The name of the vendor, for messages. */
  readonly service: string
  readonly form: RegExp
  /** `an IAM token`. */
  readonly what: string
  readonly expected: string
  readonly fix: Fix
}

/** The command that sets a variable to what is typed, which the history of the shell then does not contain. */
export const readToken = (name: string): string => `read -rs ${name} && export ${name}`

/** For `trust`. `fix`: its command is the usual one where it has none. @throws TRUST_CREDENTIALS_MISSING */
export function tokenIn(
  environment: Environment,
  { name, service, form, what, expected, fix }: TokenVariable,
): Redacted {
  const value = environment[name]?.trim() ?? ''
  if (form.test(value)) return new Redacted(value)
  const seen =
    value === ''
      ? `no credentials for ${service} were found: variable ${name} is not set`
      : `variable ${name} is not ${what}`
  throw credentialsMissing(seen, expected, { command: readToken(name), ...fix }, configuringTrust)
}

/** Its credentials are valid in one account: the same name in another account is another resource. @throws TRUST_DENIED */
export function checkOperatorAccount(
  operator: { readonly arn: string; readonly account: string },
  { account, name }: { readonly account: string; readonly name: string },
  fix: { readonly expected: string; readonly hint: string },
): void {
  if (operator.account === account) return
  throw new PullpassError({
    code: 'TRUST_DENIED',
    hop: 'trust',
    seen: `the operator ${operator.arn} is of account ${operator.account}, and ${name} is in account ${account}`,
    ...fix,
  })
}

// Files and origins that variables name. Vendors' libraries report neither the file nor the variable.

const longest = 64 * 1024

/** The content is not kept. @throws PUBLISH_CREDENTIALS_MISSING, or that of the purpose */
export async function checkNamedFile(
  environment: Environment,
  variable: string,
  purpose: OperatorPurpose = publishing,
): Promise<void> {
  const path = environment[variable]
  if (!path) return
  await readRegularFile(path, longest).catch((error: unknown) => {
    throw credentialsMissing(
      `${variable} names ${showPath(path)}, which ${whyUnreadable(error)}`,
      'a readable file; no other identity is used instead',
      `mount the file that ${variable} names, or unset the variable`,
      purpose,
    )
  })
}

/**
 * Variables that name an identity together. If one is missing, a vendor's library ignores the others and uses the
 * next identity of its chain, in the end that of the machine.
 */
export interface NamedTogether {
  readonly variable: string
  /** At least one of them must be set. */
  readonly needs: readonly string[]
}

/** @throws PUBLISH_CREDENTIALS_MISSING, or that of the purpose, for the first variable that is set without any of those that it needs */
export function checkNamedTogether(
  environment: Environment,
  pairs: readonly NamedTogether[],
  hint: string,
  purpose: OperatorPurpose = publishing,
): void {
  const half = pairs.find(({ variable, needs }) => environment[variable] && !needs.some((name) => environment[name]))
  if (half === undefined) return
  const missing = half.needs.length === 1 ? `${half.needs[0]} is not` : `none of ${half.needs.join(', ')} is`
  throw credentialsMissing(
    `the operator's identity is incomplete: ${half.variable} is set, and ${missing}`,
    'all variables of an identity, or none of them; no other identity is used instead',
    hint,
    purpose,
  )
}

/** No identity, or an incomplete one, is an error: no other identity is used instead. */
export const credentialsMissing = (
  seen: string,
  expected: string,
  fix: string | Fix,
  { hop, codes }: OperatorPurpose = publishing,
): PullpassError =>
  new PullpassError({ code: codes.missing, hop, seen, expected, ...(typeof fix === 'string' ? { hint: fix } : fix) })

/**
 * The URL of an emulator or a private endpoint, which may receive tokens: the value without a trailing slash, with one path segment
 * if `mayHavePath` permits it; undefined if the variable is not set. @throws VARIABLE_INVALID
 */
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
    expected: mayHavePath === 'path' ? `${expected}, with at most one path segment` : expected,
    hint: 'correct it, or unset it to use the public endpoint',
  })
}
