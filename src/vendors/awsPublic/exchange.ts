/** A role session for the subject token, then an authorization token of the public registry, which has one region. */
import { ecrPublicEndpoint, publicRegion } from '../aws/endpoints.ts'
import { authorizationHop, getAuthorizationToken, exchange as privateExchange } from '../aws/exchange.ts'
import { openSession } from '../aws/session.ts'
import type { EndpointType, ProviderTrust } from '../aws/settings.ts'
import type { Exchange, RegistryOf } from '../vendor.ts'

export interface AwsPublicSettings {
  readonly roleArn: string
  /** Absent: us-east-1, where the registry is. */
  readonly stsRegion?: string
  readonly sessionName?: string
  readonly sessionDurationSeconds?: number
  readonly endpointType?: EndpointType
  /** Origins that replace AWS's own. */
  readonly endpoints?: { readonly sts?: string; readonly ecr?: string }
  readonly trust?: ProviderTrust
}

/** As a private registry's. */
function asPrivate(registry: RegistryOf<AwsPublicSettings>) {
  const { trust: _trust, ...settings } = registry.settings
  return { ...registry, settings: { ...settings, region: publicRegion, fields: 'awsPublic' as const } }
}

export const exchange: Exchange<AwsPublicSettings> = {
  ...privateExchange,

  audiences: (registry) => privateExchange.audiences(asPrivate(registry)),

  hops: () => ['exchange', authorizationHop],

  subjectTokenLifeSeconds: (registry) => privateExchange.subjectTokenLifeSeconds(asPrivate(registry)),

  credentialLifeSeconds: (registry) => privateExchange.credentialLifeSeconds(asPrivate(registry)),

  async exchange(registry, subjectToken, context) {
    const { settings, hosts } = registry
    const session = await openSession(asPrivate(registry), subjectToken, context)
    const request = {
      url: `${ecrPublicEndpoint(settings, context.environment)}/`,
      target: 'SpencerFrontendService.GetAuthorizationToken',
      service: 'ecr-public',
      region: publicRegion,
      role: settings.roleArn,
    } as const
    return { hosts, username: 'AWS', ...(await getAuthorizationToken(session, request, context)) }
  },
}
