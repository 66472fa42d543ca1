/**
 * Amazon ECR: exchanges the subject token for a role session, then requests an authorization token, which is valid for every registry of the
 * region that the role may pull from.
 * https://docs.aws.amazon.com/AmazonECR/latest/APIReference/API_GetAuthorizationToken.html
 */
import { type ApiResponse, send, textField, UnexpectedResponse } from '../../http/send.ts'
import { asList, asObject } from '../../text/json-fields.ts'
import { Redacted } from '../../text/redacted.ts'
import { expiryOf } from '../expiry.ts'
import type { Exchange, ExchangeContext } from '../vendor.ts'
import { checkEndpoints, ecrEndpoint, exchangeVariables } from './endpoints.ts'
import { checkSubject } from './names.ts'
import { endpointDomains } from './partitions.ts'
import { authorizationRefusal } from './refusals.ts'
import {
  chainHop,
  openSession,
  type RoleSession,
  sessionLifeSeconds,
  signedHeaders,
  timeOf,
  usualAudience,
} from './session.ts'
import type { AwsSettings } from './settings.ts'

export const authorizationHop = 'exchange/authorization'

export const exchange: Exchange<AwsSettings> = {
  tenantDomains: endpointDomains,
  audiences: ({ audience = usualAudience }) => [audience],

  hops: ({ settings: { assumeRoles } }) =>
    assumeRoles === undefined ? ['exchange', authorizationHop] : ['exchange', chainHop, authorizationHop],

  // A session remains valid after its subject token expires.
  subjectTokenLifeSeconds: () => 600,

  credentialLifeSeconds: ({ settings }) => sessionLifeSeconds(settings),

  endpointVariables: exchangeVariables,

  checkEnvironment: checkEndpoints,

  checkSubject,

  // The registry's message does not distinguish a missing permission from a token of another region.
  registryRefusal: () => undefined,

  async exchange(registry, subjectToken, context) {
    const { settings } = registry
    const session = await openSession(registry, subjectToken, context)
    const token = await getAuthorizationToken(session, authorizationRequest(settings, context), context)
    return { hosts: registry.hosts, username: 'AWS', ...token }
  },
}

interface AuthorizationRequest {
  readonly url: string
  readonly target: string
  readonly service: 'ecr' | 'ecr-public'
  readonly region: string
  readonly role: string
}

const authorizationRequest = (settings: AwsSettings, { environment }: ExchangeContext): AuthorizationRequest => ({
  url: `${ecrEndpoint(settings, environment)}/`,
  target: 'AmazonEC2ContainerRegistry_V20150921.GetAuthorizationToken',
  service: 'ecr',
  region: settings.region,
  role: settings.assumeRoles?.at(-1)?.roleArn ?? settings.roleArn,
})

/** An ECR token is valid for 12 hours, and not longer than its session. */
const longestLifeSeconds = 43_200

/** @throws PullpassError at the hop exchange/authorization */
export async function getAuthorizationToken(
  session: RoleSession,
  { url, target, service, region, role }: AuthorizationRequest,
  context: ExchangeContext,
): Promise<{ readonly password: Redacted; readonly expiresAt: Date }> {
  return await send(context, {
    hop: authorizationHop,
    service: service === 'ecr' ? 'ECR' : 'ECR Public',
    url,
    json: {},
    headers: (sent) => {
      const described = { 'content-type': 'application/x-amz-json-1.1', 'x-amz-target': target }
      const headers = { ...sent.headers, ...described }
      return { ...described, ...signedHeaders({ ...sent, headers }, session, { service, region }) }
    },
    refusal: (status, body) => authorizationRefusal(status, body, { role, service }),
    read: (response) => readToken(response, session),
  })
}

function readToken(response: ApiResponse, session: RoleSession) {
  const data = asObject(response.body)?.['authorizationData']
  // ECR Public returns an object, ECR a list with one element.
  const one = asObject(Array.isArray(data) ? asList(data)[0] : data)
  const encoded = textField(one, 'authorizationToken')
  const decoded = /^[A-Za-z0-9+/]+={0,2}$/.test(encoded) ? Buffer.from(encoded, 'base64').toString('latin1') : ''
  const [, password] = /^AWS:([!-~]+)$/.exec(decoded) ?? []
  if (password === undefined) throw new UnexpectedResponse('its authorizationToken contains no password of user AWS')
  const expiryMs = timeOf(one?.['expiresAt'], 'expiresAt') + session.skewMs
  const expiresAt = expiryOf(Math.min(expiryMs, session.expiresAt.getTime()), longestLifeSeconds, response)
  return { password: new Redacted(password), expiresAt }
}
