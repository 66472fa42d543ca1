/**
 * JFrog: token exchange (RFC 8693) with JSON, and a provider in place of the audience.
 * https://jfrog.com/help/r/jfrog-rest-apis/exchange-oidc-token
 */
import { UnexpectedResponse } from '../../http/send.ts'
import { asObject, asText } from '../../text/json-fields.ts'
import { quote } from '../../text/plain-text.ts'
import { compareWithToken, exchangeRefusal, type MessageCause } from '../exchange-refusal.ts'
import { exchangeAt } from '../federated-exchange.ts'
import { decodeJwtClaims } from '../jwt-claims.ts'
import { type Exchange, withoutRestrictions } from '../vendor.ts'
import type { JfrogSettings } from './settings.ts'

const usualSeconds = 3600
/** As long as any credential of pullpass. */
const longestSeconds = 12 * 3600

const causes: readonly MessageCause[] = [
  {
    pattern: /provider.{0,300} (?:not found|does not exist)/i,
    code: 'PROVIDER_NOT_FOUND',
    expected: () => 'the OpenID Connect integration to exist',
    fix: 'correct jfrog.providerName, or create it with pullpass trust apply',
  },
  {
    // https://github.com/jfrog/setup-jfrog-cli/issues/155
    pattern: /failed to get public key/i,
    code: 'ISSUER_UNREACHABLE',
    expected: ({ subjectToken }) => `JFrog to read the keys of issuer ${quote(subjectToken.issuer)}`,
    fix: "publish the issuer's documents where JFrog can read them, and compare the issuer of the integration with that of the token, to the last character",
  },
  {
    pattern: /no (?:matching )?identity mapping|identity mapping.{0,300}(?:not|no)/i,
    code: 'CONDITION_REFUSED',
    expected: ({ subjectToken }) => `an identity mapping whose claims match subject ${quote(subjectToken.subject)}`,
  },
]

export const exchange: Exchange<JfrogSettings> = {
  ...withoutRestrictions,
  tenantDomains: ['jfrog.io'],
  audiences: ({ audience, settings }) => [audience ?? settings.url],
  hops: () => ['exchange'],
  subjectTokenLifeSeconds: () => 600,
  credentialLifeSeconds: () => usualSeconds,

  exchange: (registry, subjectToken, context) => {
    const { url, providerName, projectKey } = registry.settings
    const trustFix = compareWithToken(`the integration ${providerName} and its identity mappings at ${url}`)
    const request = {
      service: 'JFrog',
      url: `${url}/access/api/v1/oidc/token`,
      json: {
        grant_type: 'urn:ietf:params:oauth:grant-type:token-exchange',
        subject_token_type: 'urn:ietf:params:oauth:token-type:id_token',
        subject_token: subjectToken.value,
        provider_name: providerName,
        ...(projectKey !== undefined && { project_key: projectKey }),
      },
      refusal: (status: number, body: unknown) => exchangeRefusal(status, body, { subjectToken, trustFix }, causes),
      response: { password: '/access_token', expiresIn: '/expires_in' },
      lifetime: { maxSeconds: longestSeconds },
      username: userNameOf,
      lifetimeFix:
        'set token_spec.expires_in of the identity mapping, which is 60 s by default: pullpass trust sets 3600',
    }
    return exchangeAt(registry, request, context)
  },
}

/**
 * The response has it in newer versions; else it is the last part of the token's subject, `jfac@ID/users/NAME`, or all of it where the
 * token has the permissions of a group, `INTEGRATION/MAPPING`. https://github.com/jfrog/setup-jfrog-cli, src/oidc-utils.ts
 */
function userNameOf(body: unknown): string {
  const stated = asText(asObject(body)?.['username'])
  if (stated !== undefined) return stated
  const subject = asText(decodeJwtClaims(asText(asObject(body)?.['access_token']) ?? '')?.['sub']) ?? ''
  const isOfUser = subject.startsWith('jfrt@') || subject.includes('/users/')
  const name = isOfUser ? subject.slice(subject.lastIndexOf('/') + 1) : subject
  if (name !== '') return name
  throw new UnexpectedResponse('it contains no username, and its access_token is not a JWT with a subject')
}
