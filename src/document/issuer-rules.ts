/** Rules for where the issuer of a document is public. */
import type { TextRule } from './field-rules.ts'

export const issuerTarget: TextRule = {
  pattern: /^(?:(?:gs|s3|azblob):\/\/[A-Za-z0-9]|gcp-provider:projects\/)[!-~]*$/,
  maxLength: 1024,
  expected: 'gs://BUCKET/PATH, s3://BUCKET/PATH, azblob://ACCOUNT/CONTAINER/PATH, or gcp-provider:projects/…',
}

/** OpenID Connect Discovery 1.0 §3. */
export const issuerUrl: TextRule = {
  pattern: /^https:\/\/(?:(?![/?#@\\])[!-~])+(?:\/[!-~]*)?$/,
  maxLength: 1024,
  expected: 'an https URL without user, query or fragment',
  knownMistake: (text) => (/[?#]/.test(text) ? 'an https URL without query or fragment' : undefined),
}
