/**
 * Validation of pools and providers. The limits are documented; the messages for display names, mapped keys and conditions
 * of shared issuers are Google's, the others are not confirmed.
 */
import { compileExpression, ExpressionError } from '../cel.ts'

type Fields = Readonly<Record<string, unknown>>

const maxDisplayName = 32
const maxDescription = 256
const maxExpression = { mapping: 2048, condition: 4096 }
const maxAudiences = 10
const maxAudience = 256
const maxCustomAttributes = 50
const googleKeys = ['google.subject', 'google.groups']
const customKey = /^attribute\.[a-z0-9_]{1,100}$/
/** Issuers with tokens for any user: a provider must restrict them with a condition. */
const sharedIssuers = ['https://token.actions.githubusercontent.com', 'https://gitlab.com', 'https://app.terraform.io']

/** 4 to 32 characters of [a-z0-9-]; the prefix `gcp-` is reserved. */
export const identityIdError = (parameter: string, id: string): string | undefined =>
  /^(?!gcp-)[a-z0-9-]{4,32}$/.test(id)
    ? undefined
    : `Invalid ${parameter}: "${id}". It must be 4-32 characters, may contain the characters [a-z0-9-], and must not begin with the prefix "gcp-", which is reserved for use by Google.`

export function checkPool({ displayName, description, disabled }: Fields): string | undefined {
  if (!isText(displayName) || !isText(description)) return 'Invalid value: displayName and description must be strings'
  if (disabled !== undefined && typeof disabled !== 'boolean') return 'Invalid value at disabled (TYPE_BOOL)'
  if ((displayName ?? '').length > maxDisplayName) return 'display name must be less than or equal to 32 characters'
  if ((description ?? '').length > maxDescription) return 'description must be less than or equal to 256 characters'
  return undefined
}

export function checkProvider(fields: Fields): string | undefined {
  return (
    checkPool(fields) ?? checkOidc(fields['oidc']) ?? checkMapping(fields['attributeMapping']) ?? checkCondition(fields)
  )
}

function checkOidc(oidc: unknown): string | undefined {
  if (typeof oidc !== 'object' || oidc === null) return 'One of aws, oidc, saml or x509 must be set.'
  const { issuerUri, allowedAudiences = [], jwksJson, ...others } = Object(oidc)
  const [other] = Object.keys(others)
  if (other !== undefined) return unknownName(other, 'workload_identity_pool_provider.oidc')
  if (typeof issuerUri !== 'string' || !isHttps(issuerUri))
    return `Invalid issuer URI: "${issuerUri}". The issuer URI must be an absolute https URL.`
  if (!Array.isArray(allowedAudiences) || allowedAudiences.length > maxAudiences)
    return 'At most 10 allowed audiences may be configured.'
  const tooLong = allowedAudiences.some((audience) => typeof audience !== 'string' || audience.length > maxAudience)
  if (tooLong) return 'An allowed audience must be less than or equal to 256 characters.'
  return isText(jwksJson) ? undefined : 'Invalid value at oidc.jwks_json (TYPE_STRING)'
}

function isHttps(text: string): boolean {
  const url = URL.canParse(text) ? new URL(text) : undefined
  return url?.protocol === 'https:' && !url.search && !url.hash && !url.username
}

function checkMapping(mapping: unknown): string | undefined {
  if (typeof mapping !== 'object' || mapping === null || !Object.hasOwn(mapping, 'google.subject'))
    return 'The attribute mapping must contain google.subject.'
  const entries = Object.entries(mapping)
  if (entries.length - googleKeys.length > maxCustomAttributes) return 'At most 50 custom attributes may be mapped.'
  for (const [key, text] of entries) {
    if (!googleKeys.includes(key) && !customKey.test(key))
      return `Invalid mapped attribute key: ${key}. Custom mapped attributes must be in format 'attribute.{custom_attribute}'`
    if (typeof text !== 'string' || text.length > maxExpression.mapping) return `The mapping of ${key} is too long.`
    const error = compileError(text, ['assertion'])
    if (error !== undefined) return `Error compiling the attribute mapping for ${key}: ${error}`
  }
  return undefined
}

function checkCondition({ attributeCondition: text, oidc }: Fields): string | undefined {
  if (!isText(text) || (text ?? '').length > maxExpression.condition)
    return 'The attribute condition must be less than or equal to 4096 characters.'
  const shared = sharedIssuers.includes(Object(oidc).issuerUri)
  if (shared && !/assertion|attribute|google/.test(text ?? ''))
    return "The attribute condition must reference one of the provider's claims. For more information, see https://cloud.google.com/iam/docs/workload-identity-federation-with-deployment-pipelines#conditions"
  const error = text ? compileError(text, ['assertion', 'google', 'attribute']) : undefined
  return error === undefined ? undefined : `Error compiling the attribute condition: ${error}`
}

function compileError(text: string, roots: readonly string[]): string | undefined {
  try {
    compileExpression(text, roots)
    return undefined
  } catch (error) {
    if (error instanceof ExpressionError) return error.message
    throw error
  }
}

const isText = (value: unknown): value is string | undefined => value === undefined || typeof value === 'string'

/** Google's message for an unknown field. */
export const unknownName = (name: string, at: string): string =>
  `Invalid JSON payload received. Unknown name "${name}" at '${at}': Cannot find field.`
