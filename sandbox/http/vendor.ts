/** A credential broker with an interface of its own, as `http` in a document describes it. */
import { type FederatedSandbox, federatedVendor, jsonOf } from '../issuer/federated-service.ts'
import type { SandboxVendor } from '../vendor.ts'

export const http: SandboxVendor<FederatedSandbox> = federatedVendor({
  audience: (url) => url,
  lifeSeconds: 1800,
  name: 'team-a',
  async respond(request, { settings, verify, issue }) {
    if (request.method !== 'POST' || request.path !== '/v1/registry/login')
      return { status: 404, body: { message: 'not found' } }
    if (request.headers['x-tenant'] !== settings.name) return { status: 403, body: { message: 'unknown tenant' } }
    const { auth } = jsonOf(request)
    const verdict = await verify(String(Object(auth).jwt))
    if ('rejection' in verdict) return { status: 401, body: { message: `token rejected: ${verdict.rejection}` } }
    const { password, expiresAt } = issue('broker')
    return {
      status: 201,
      body: { data: { login: { user: 'broker', 'pass/word': password }, until: expiresAt.getTime() } },
    }
  },
})
