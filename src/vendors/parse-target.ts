/** Where to publish, as a user names it: a bucket, a container, a provider at Google, or a folder. */
import { brokenRule } from '../document/field-rules.ts'
import { canonicalProvider, workloadIdentityProvider } from '../document/gcp-names.ts'
import { showValue } from '../document/show-value.ts'
import { PullpassError } from '../errors/pullpass-error.ts'
import { shellQuote } from '../text/plain-text.ts'

export type TargetName =
  | { readonly kind: 'gs'; readonly bucket: string; readonly path: string }
  | { readonly kind: 's3'; readonly bucket: string; readonly path: string }
  | { readonly kind: 'azblob'; readonly account: string; readonly container: string; readonly path: string }
  | { readonly kind: 'gcp-provider'; readonly provider: string }
  | { readonly kind: 'folder'; readonly folder: string }

type Store = 'gs' | 's3' | 'azblob'

interface Rule {
  readonly pattern: RegExp
  readonly expected: string
}

/** https://cloud.google.com/storage/docs/buckets#naming; a name with dots is a domain's, and is served as well. */
const gsBucket: Rule = {
  pattern: /^(?=.{3,222}$)[a-z0-9](?:[a-z0-9_-]{0,61}[a-z0-9])?(?:\.[a-z0-9](?:[a-z0-9_-]{0,61}[a-z0-9])?)*$/,
  expected: 'the name of a bucket: 3 or more lower-case letters, digits, "-", "_" and "."',
}
/** https://docs.aws.amazon.com/AmazonS3/latest/userguide/bucketnamingrules.html */
const s3Bucket: Rule = {
  pattern: /^[a-z0-9][a-z0-9-]{1,61}[a-z0-9]$/,
  expected:
    'the name of a bucket: 3 to 63 lower-case letters, digits and "-"; with a "." in it the certificate of *.s3.REGION.amazonaws.com does not hold for it',
}
/** https://learn.microsoft.com/azure/storage/common/storage-account-overview#storage-account-name */
const azureAccount: Rule = {
  pattern: /^[a-z0-9]{3,24}$/,
  expected: 'the name of a storage account: 3 to 24 lower-case letters and digits',
}
/** https://learn.microsoft.com/rest/api/storageservices/naming-and-referencing-containers--blobs--and-metadata */
const azureContainer: Rule = {
  pattern: /^(?=.{3,63}$)[a-z0-9]+(?:-[a-z0-9]+)*$/,
  expected: 'the name of a container: 3 to 63 lower-case letters, digits and single "-"',
}
/** It becomes part of an issuer's URL, which is compared letter by letter: nothing in it needs escaping. */
const path: Rule = {
  pattern: /^(?=.{0,512}$)(?:(?!\.{1,2}(?:\/|$))[A-Za-z0-9._~-]+(?:\/(?!\.{1,2}(?:\/|$))[A-Za-z0-9._~-]+)*)?$/,
  expected: 'a path of letters, digits, "-", ".", "_" and "~" between single slashes, without one at its end',
}

const forms = 'gs://BUCKET/PATH, s3://BUCKET/PATH, azblob://ACCOUNT/CONTAINER/PATH, gcp-provider:PROVIDER, or a folder'

/** @throws USAGE_INVALID */
export function parseTarget(text: string): TargetName {
  const store = /^(gs|s3|azblob):\/\/(.*)$/s.exec(text)
  if (store !== null) return parseStore(text, store[1] === 'gs' ? 'gs' : store[1] === 's3' ? 's3' : 'azblob')
  if (text.startsWith('gcp-provider:')) return parseProvider(text)
  // Two letters or more: `C:` is a drive.
  const isFolder = text !== '' && !/^[A-Za-z][A-Za-z0-9+.-]+:/.test(text) && !/\p{Cc}/u.test(text)
  if (isFolder && brokenRule(workloadIdentityProvider, text) !== undefined) return { kind: 'folder', folder: text }
  throw invalid(text, forms, hintFor(targetMeant(text)))
}

function hintFor(meant: string | undefined): string {
  const other = 'a folder with a ":" in its name is named with ./ before it'
  if (meant === undefined) return other
  try {
    parseTarget(meant)
    return `--to ${shellQuote(meant)}, if that is meant`
  } catch {
    return other
  }
}

function parseStore(text: string, kind: Store): TargetName {
  const [first = '', ...rest] = text.slice(`${kind}://`.length).split('/')
  if (kind === 'azblob') {
    const [container = '', ...blob] = rest
    const account = obey(azureAccount, first, text)
    return { kind, account, container: obey(azureContainer, container, text), path: obey(path, blob.join('/'), text) }
  }
  const bucket = obey(kind === 'gs' ? gsBucket : s3Bucket, first, text)
  return { kind, bucket, path: obey(path, rest.join('/'), text) }
}

function parseProvider(text: string): TargetName {
  const name = text.slice('gcp-provider:'.length)
  const expected = brokenRule(workloadIdentityProvider, name)
  if (expected !== undefined) throw invalid(text, expected)
  return { kind: 'gcp-provider', provider: canonicalProvider(name) }
}

function obey({ pattern, expected }: Rule, part: string, whole: string): string {
  if (pattern.test(part)) return part
  throw invalid(whole, expected)
}

const invalid = (text: string, expected: string, hint = `--to ${forms}`) =>
  new PullpassError({ code: 'USAGE_INVALID', hop: 'run', seen: `the target is ${showValue(text)}`, expected, hint })

// Which target somebody meant who wrote it as other tools do, or by the URL where it is read. Pure.

/** Of each the form that pullpass takes; `$1` and `$2` are what the pattern found. */
const spellings: readonly (readonly [pattern: RegExp, target: string])[] = [
  [/^(?:gs|gcs):\/*([^/].*)$/, 'gs://$1'],
  [/^https:\/\/storage\.(?:googleapis|cloud\.google)\.com\/(.+?)\/?$/, 'gs://$1'],
  [/^s3[an]?:\/*([^/].*)$/, 's3://$1'],
  [/^https:\/\/([a-z0-9-]+)\.s3[.-][a-z0-9-]+\.amazonaws\.com(?:\.cn)?(\/.+?)?\/?$/, 's3://$1$2'],
  [/^(?:azblob|az|azure):\/*([^/].*)$/, 'azblob://$1'],
  [/^https:\/\/([a-z0-9]+)\.blob\.core\.windows\.net\/(.+?)\/?$/, 'azblob://$1/$2'],
  [/^file:\/\/(\/.*)$/, '$1'],
]

/** Undefined where nothing comes to mind; what is given has to be parsed like any other. */
export function targetMeant(text: string): string | undefined {
  if (text.length > 2048) return undefined
  if (brokenRule(workloadIdentityProvider, text) === undefined) return `gcp-provider:${text}`
  const [pattern, target] = spellings.find(([known]) => known.test(text)) ?? []
  return pattern === undefined || target === undefined ? undefined : text.replace(pattern, target)
}

const clouds = { gs: 'google', 'gcp-provider': 'google', s3: 'aws', azblob: 'azure' } as const

/** The cloud that keeps a target; undefined for a folder. @throws USAGE_INVALID where it is none */
export function cloudOf(target: string): 'google' | 'aws' | 'azure' | undefined {
  const { kind } = parseTarget(target)
  return kind === 'folder' ? undefined : clouds[kind]
}
