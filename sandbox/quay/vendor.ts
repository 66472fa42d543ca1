/**
 * Quay's robot federation: the identity token as the password of a robot. Issuer and subject are checked, the audience is not.
 * https://github.com/quay/quay/blob/master/auth/credentials.py
 */
import { basicOf, type FederatedSandbox, federatedVendor } from '../issuer/federated-service.ts'
import type { SandboxResponse } from '../serve/handler.ts'
import type { SandboxVendor } from '../vendor.ts'

export const quay: SandboxVendor<FederatedSandbox> = federatedVendor({
  audience: (url) => url,
  checksAudience: false,
  lifeSeconds: 3600,
  name: 'acme+puller',
  async respond(request, { settings, trusted, verify, issue }) {
    if (request.method !== 'GET' || request.path !== '/oauth2/federation/robot/token') return { status: 404, body: '' }
    const [robot, token] = basicOf(request)
    if (robot !== settings.name) return refused('Could not find robot with specified username')
    const verdict = await verify(token)
    if ('claims' in verdict) return { status: 200, body: { token: issue(robot, { sub: robot }).password } }
    const { issuer } = trusted
    const words = {
      issuer: `issuer ${issuer} not configured for this robot`,
      subject: 'Token does not match robot',
      expired: 'Signature has expired',
    } as const
    return refused(
      Object.entries(words).find(([reason]) => reason === verdict.rejection)?.[1] ?? 'Token cannot be verified',
    )
  },
})

const refused = (error: string): SandboxResponse => ({ status: 401, body: { error } })
