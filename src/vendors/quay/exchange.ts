/**
 * Quay: the subject token as the password of a robot account gives a token for an hour. Quay checks issuer and subject, and not
 * the audience. https://github.com/quay/quay/blob/master/endpoints/oauth/robot_identity_federation.py
 */
import { quote } from '../../text/plain-text.ts'
import { shellQuote } from '../../text/shell.ts'
import { compareWithToken, exchangeRefusal, type MessageCause } from '../exchange-refusal.ts'
import { exchangeAt } from '../federated-exchange.ts'
import { type Exchange, withoutRestrictions } from '../vendor.ts'
import type { QuaySettings } from './settings.ts'

const lifeSeconds = 3600

/** https://github.com/quay/quay: util/security/federated_robot_auth.py */
const causesFor = (robot: string): readonly MessageCause[] => [
  {
    pattern: /Could not find robot/,
    code: 'PROVIDER_NOT_FOUND',
    expected: () => `robot account ${robot} to exist`,
    fix: 'correct quay.robot, or create it with pullpass trust apply',
  },
  {
    pattern: /issuer .{0,1100} not configured for this robot|Robot does not have federated login configured/,
    code: 'ISSUER_REFUSED',
    expected: ({ subjectToken }) => `a federation of the robot with exactly the issuer ${quote(subjectToken.issuer)}`,
  },
  {
    pattern: /Token does not match robot/,
    code: 'CONDITION_REFUSED',
    expected: ({ subjectToken }) => `a federation of the robot with exactly the subject ${quote(subjectToken.subject)}`,
  },
  {
    pattern: /Invalid token: Audience doesn't match/,
    code: 'AUDIENCE_REFUSED',
    expected: ({ subjectToken }) =>
      `a federation of the robot with the audience ${subjectToken.audiences.map(quote).join(', ')}`,
  },
]

/** Errors that Quay does not catch have no message. */
const unreadIssuer =
  'no action if this is temporary: pull secrets keep their credentials; Quay also responds with 500 where it cannot read the issuer, or finds no RSA key for the token'
const checkIssuer = (issuer: string) => `pullpass issuer check ${shellQuote(issuer)} --for quay`

export const exchange: Exchange<QuaySettings> = {
  ...withoutRestrictions,
  tenantDomains: ['quay.io'],
  audiences: ({ audience, settings }) => [audience ?? settings.endpoint],
  hops: () => ['exchange'],
  subjectTokenLifeSeconds: () => 600,
  credentialLifeSeconds: () => lifeSeconds,

  exchange: (registry, subjectToken, context) => {
    const { robot, endpoint } = registry.settings
    const trustFix = compareWithToken(`the federation of robot ${robot} at ${endpoint}`)
    const request = {
      service: 'Quay',
      method: 'GET' as const,
      url: `${endpoint}/oauth2/federation/robot/token`,
      basic: { username: robot, password: subjectToken.value },
      refusal: (status: number, body: unknown) =>
        exchangeRefusal(status, body, { subjectToken, trustFix }, causesFor(robot)),
      unexplained: (status: number) =>
        status === 500 ? { hint: unreadIssuer, command: checkIssuer(subjectToken.issuer) } : undefined,
      response: { password: '/token' },
      lifetime: { defaultSeconds: lifeSeconds, maxSeconds: lifeSeconds },
      username: robot,
      warnings: [
        {
          code: 'AUDIENCE_UNCHECKED' as const,
          seen: 'Quay does not check the audience of the token',
          fix: 'use a service account for Quay alone, whose tokens no other service receives',
        },
      ],
    }
    return exchangeAt(registry, request, context)
  },
}
