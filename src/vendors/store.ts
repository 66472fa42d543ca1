/** The contract of a store for issuer metadata: a kind of publish target, found by the scheme of its URL. */
import type { Context, Environment } from '../http/context.ts'
import { type DocumentName, documentPaths, type PublishTarget } from '../oidc/issuer-documents.ts'

/** `Name`: what the URL names, such as a bucket and a path. */
export interface Store<Name = unknown> {
  /** `rest`: the URL without its scheme. */
  parse(rest: string): { readonly name: Name } | { readonly expected: string }

  /**
   * The target of this kind that is meant by the URL at which it is read, or by another tool's spelling; undefined where none is.
   * It has to be parsed like any other. Pure.
   */
  meaning(text: string, environment: Environment): string | undefined

  /** Where anonymous clients read what is stored, as far as it follows from the name; undefined where nothing is public. Pure. */
  publicUrl(name: Name, environment: Environment): string | undefined

  /** The command that lets anonymous clients read; undefined where nothing is public. */
  makePublic(name: Name): string | undefined

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

/** The path of an issuer in a store. It becomes part of an issuer's URL, which is compared character by character: nothing in it needs escaping. */
export const issuerPath: PartRule = {
  pattern: /^(?=.{0,512}$)(?:(?!\.{1,2}(?:\/|$))[A-Za-z0-9._~-]+(?:\/(?!\.{1,2}(?:\/|$))[A-Za-z0-9._~-]+)*)?$/,
  expected: 'a path of letters, digits, "-", ".", "_" and "~" between single slashes, without one at its end',
}

/** What the first part that breaks its rule should be; undefined where all follow theirs. */
export const brokenPart = (parts: readonly (readonly [rule: PartRule, text: string])[]): string | undefined =>
  parts.find(([{ pattern }, text]) => !pattern.test(text))?.[0].expected

/** `BUCKET/PATH`, as most stores have it. */
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
  /** Empty where the whole bucket is one cluster's. */
  readonly path: string
}

/** By the first pattern that matches, with its groups as `$1` and `$2`. */
export function respell(text: string, spellings: readonly (readonly [RegExp, string])[]): string | undefined {
  const [pattern, target] = spellings.find(([known]) => known.test(text)) ?? []
  return pattern === undefined || target === undefined ? undefined : text.replace(pattern, target)
}
