/**
 * Where Google is asked: a document's endpoint, the environment's, a region's or a universe's, Google's own.
 * https://cloud.google.com/iam/docs/reference/sts/rest
 */
import type { GcpSettings } from '../document/gcp-settings.ts'
import type { Environment } from '../outside/outside.ts'

const universeOf = ({ universeDomain = 'googleapis.com' }: GcpSettings) => universeDomain

/** Origin without a trailing slash. */
export function stsEndpoint(settings: GcpSettings, environment: Environment): string {
  const { endpoints, stsRegion } = settings
  const host = stsRegion === undefined ? `sts.${universeOf(settings)}` : `sts.${stsRegion}.rep.${universeOf(settings)}`
  return endpoints?.sts ?? (environment['PULLPASS_GCP_STS_ENDPOINT'] || `https://${host}`)
}

/** Origin without a trailing slash. */
export function iamCredentialsEndpoint(settings: GcpSettings, environment: Environment): string {
  const own = `https://iamcredentials.${universeOf(settings)}`
  return settings.endpoints?.iamCredentials ?? (environment['PULLPASS_GCP_IAM_CREDENTIALS_ENDPOINT'] || own)
}
