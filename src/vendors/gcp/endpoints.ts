/**
 * Google's endpoints, in this order: of the document, of a variable, of the region or universe, the default.
 * https://cloud.google.com/iam/docs/reference/sts/rest
 */
import { brokenRule, originUrl } from '../../document/field-rules.ts'
import { showValue } from '../../document/show-value.ts'
import { PullpassError } from '../../errors/pullpass-error.ts'
import type { Environment } from '../../http/context.ts'
import { universeDomain as universeRule } from './names.ts'
import type { GcpSettings } from './settings.ts'

const variable = {
  sts: 'PULLPASS_GCP_STS_ENDPOINT',
  iamCredentials: 'PULLPASS_GCP_IAM_CREDENTIALS_ENDPOINT',
  iam: 'PULLPASS_GCP_IAM_ENDPOINT',
  storage: 'PULLPASS_GCP_STORAGE_ENDPOINT',
  artifactRegistry: 'PULLPASS_GCP_ARTIFACT_REGISTRY_ENDPOINT',
} as const

export const exchangeVariables: readonly string[] = [variable.sts, variable.iamCredentials]

/** The universe of the operator's credentials. */
export const universeIn = (environment: Environment): string => environment[universeVariable] || 'googleapis.com'

const universeVariable = 'GOOGLE_CLOUD_UNIVERSE_DOMAIN'

/** The settings of a document that determine an endpoint. */
type Whereabouts = Pick<GcpSettings, 'endpoints' | 'stsRegion' | 'universeDomain'>

const universeOf = ({ universeDomain = 'googleapis.com' }: Whereabouts) => universeDomain

/** Origin without a trailing slash. */
export function stsEndpoint(settings: Whereabouts, environment: Environment): string {
  const { endpoints, stsRegion } = settings
  const host = stsRegion === undefined ? `sts.${universeOf(settings)}` : `sts.${stsRegion}.rep.${universeOf(settings)}`
  return endpoints?.sts ?? (environment[variable.sts] || `https://${host}`)
}

/** Origin without a trailing slash. */
export function iamCredentialsEndpoint(settings: Whereabouts, environment: Environment): string {
  const own = `https://iamcredentials.${universeOf(settings)}`
  return settings.endpoints?.iamCredentials ?? (environment[variable.iamCredentials] || own)
}

/** Pools and providers. Origin without a trailing slash. */
export const iamEndpoint = (environment: Environment): string =>
  environment[variable.iam] || `https://iam.${universeIn(environment)}`

/** Buckets. Origin without a trailing slash. */
export const storageEndpoint = (environment: Environment): string =>
  environment[variable.storage] || `https://storage.${universeIn(environment)}`

/** Repositories. Origin without a trailing slash. */
export const artifactRegistryEndpoint = (environment: Environment): string =>
  environment[variable.artifactRegistry] || `https://artifactregistry.${universeIn(environment)}`

/** Tokens are sent to these endpoints. @throws VARIABLE_INVALID */
export function checkEndpoints(environment: Environment): void {
  const rules = Object.values(variable).map((name) => [name, originUrl] as const)
  for (const [name, rule] of [...rules, [universeVariable, universeRule] as const]) {
    const value = environment[name]
    const expected = value ? brokenRule(rule, value) : undefined
    if (value === undefined || expected === undefined) continue
    throw new PullpassError({
      code: 'VARIABLE_INVALID',
      hop: 'document',
      seen: `variable ${name} is ${showValue(value)}`,
      expected,
      hint: 'correct it, or unset it to use the endpoint of Google',
    })
  }
}
