/** The contract of a store for issuer metadata: a kind of publish target, found by the scheme of its URL. */
import type { Context, Environment } from '../http/context.ts'
import { type DocumentName, documentPaths, type PublishTarget } from '../oidc/issuer-documents.ts'

/** `Name`: what the URL names, such as a bucket and a path. */
export interface Store<Name = unknown> {
  /** `rest`: the URL without its scheme. */
  parse(rest: string): { readonly name: Name } | { readonly expected: string }

  /**
   * The target of this kind for the URL at which it is read, or for the notation of another tool; undefined for other text. The
   * result must be parsed as well. Pure.
   */
  meaning(text: string, environment: Environment): string | undefined

  /** The URL at which anonymous clients read, if it follows from the name; undefined if nothing is public. Pure. */
  publicUrl(name: Name, environment: Environment): string | undefined

  /** The command that lets anonymous clients read; undefined if nothing is public. Pure. */
  makePublic(name: Name, environment: Environment): string | undefined

  /** @throws VARIABLE_INVALID, and what signing in throws */
  open(name: Name, context: TargetContext): PublishTarget | Promise<PublishTarget>
}

/** The part of the context that a target may use. */
export type TargetContext = Pick<
  Context,
  'transport' | 'now' | 'random' | 'sleep' | 'signal' | 'environment' | 'log' | 'secrets'
>

export interface PartRule {
  readonly pattern: RegExp
  readonly expected: string
}

/** The path of an issuer in a store: part of the issuer's URL, which is compared exactly, so no character needs escaping. */
export const issuerPath: PartRule = {
  pattern: /^(?=.{0,512}$)(?:(?!\.{1,2}(?:\/|$))[A-Za-z0-9._~-]+(?:\/(?!\.{1,2}(?:\/|$))[A-Za-z0-9._~-]+)*)?$/,
  expected: 'a path of letters, digits, "-", ".", "_" and "~" between single slashes, without one at its end',
}

/** The expectation of the first part that violates its rule; undefined if all follow theirs. */
export const brokenPart = (parts: readonly (readonly [rule: PartRule, text: string])[]): string | undefined =>
  parts.find(([{ pattern }, text]) => !pattern.test(text))?.[0].expected

/** `BUCKET/PATH`, the form of most stores. */
export function parseBucket(
  rest: string,
  rule: PartRule,
): { readonly name: BucketName } | { readonly expected: string } {
  const [bucket = '', ...parts] = rest.split('/')
  const path = parts.join('/')
  const expected = brokenPart([
    [rule, bucket],
    [issuerPath, path],
  ])
  return expected === undefined ? { name: { bucket, path } } : { expected }
}

/** The names of an issuer's documents in a store: their paths under that of the issuer, which may be empty. */
export function documentKeys(path: string): Readonly<Record<DocumentName, string>> {
  const prefix = path === '' ? '' : `${path}/`
  return { jwks: `${prefix}${documentPaths.jwks}`, discovery: `${prefix}${documentPaths.discovery}` }
}

export interface BucketName {
  readonly bucket: string
  /** Empty if the bucket belongs to one cluster. */
  readonly path: string
}

/** By the first pattern that matches, with its groups as `$1` and `$2`. */
export function respell(text: string, spellings: readonly (readonly [RegExp, string])[]): string | undefined {
  const [pattern, target] = spellings.find(([known]) => known.test(text)) ?? []
  return pattern === undefined || target === undefined ? undefined : text.replace(pattern, target)
}
