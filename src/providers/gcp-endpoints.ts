/**
 * Where Google is asked: a document's endpoint, the environment's, a region's or a universe's, Google's own.
 * https://cloud.google.com/iam/docs/reference/sts/rest
 */
import { originUrl } from '../document/gcp-rules.ts'
import type { GcpSettings } from '../document/gcp-settings.ts'
import { showValue } from '../document/show-value.ts'
import { brokenRule } from '../document/text-rule.ts'
import type { Environment } from '../outside/outside.ts'
import { PullpassError } from '../outside/pullpass-error.ts'

const variable = {
  sts: 'PULLPASS_GCP_STS_ENDPOINT',
  iamCredentials: 'PULLPASS_GCP_IAM_CREDENTIALS_ENDPOINT',
  iam: 'PULLPASS_GCP_IAM_ENDPOINT',
  storage: 'PULLPASS_GCP_STORAGE_ENDPOINT',
  artifactRegistry: 'PULLPASS_GCP_ARTIFACT_REGISTRY_ENDPOINT',
} as const

const universeOf = ({ universeDomain = 'googleapis.com' }: GcpSettings) => universeDomain

/** Origin without a trailing slash. */
export function stsEndpoint(settings: GcpSettings, environment: Environment): string {
  const { endpoints, stsRegion } = settings
  const host = stsRegion === undefined ? `sts.${universeOf(settings)}` : `sts.${stsRegion}.rep.${universeOf(settings)}`
  return endpoints?.sts ?? (environment[variable.sts] || `https://${host}`)
}

/** Origin without a trailing slash. */
export function iamCredentialsEndpoint(settings: GcpSettings, environment: Environment): string {
  const own = `https://iamcredentials.${universeOf(settings)}`
  return settings.endpoints?.iamCredentials ?? (environment[variable.iamCredentials] || own)
}

/** Pools and providers. Origin without a trailing slash. */
export const iamEndpoint = (environment: Environment): string =>
  environment[variable.iam] || 'https://iam.googleapis.com'

/** Buckets. Origin without a trailing slash. */
export const storageEndpoint = (environment: Environment): string =>
  environment[variable.storage] || 'https://storage.googleapis.com'

/** Repositories. Origin without a trailing slash. */
export const artifactRegistryEndpoint = (environment: Environment): string =>
  environment[variable.artifactRegistry] || 'https://artifactregistry.googleapis.com'

/** Whoever is named by these variables receives tokens. @throws VARIABLE_INVALID */
export function checkEndpoints(environment: Environment): void {
  for (const name of Object.values(variable)) {
    const value = environment[name]
    const expected = value ? brokenRule(originUrl, value) : undefined
    if (value === undefined || expected === undefined) continue
    throw new PullpassError({
      code: 'VARIABLE_INVALID',
      hop: 'document',
      seen: `variable ${name} is ${showValue(value)}`,
      expected,
      hint: 'correct it, or unset it to ask Google itself',
    })
  }
}
