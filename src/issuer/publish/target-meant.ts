/** Which target somebody meant who wrote it as other tools do, or by the URL where it is read. Pure. */
import { workloadIdentityProvider } from '../../document/gcp-names.ts'
import { brokenRule } from '../../document/text-rule.ts'

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
