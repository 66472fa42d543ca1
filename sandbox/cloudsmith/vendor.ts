/** Cloudsmith's OpenID Connect. Messages of refusals are not confirmed. https://help.cloudsmith.io/docs/openid-connect */
import { type FederatedSandbox, federatedVendor, jsonOf } from '../issuer/federated-service.ts'
import type { SandboxResponse } from '../serve/handler.ts'
import type { SandboxVendor } from '../vendor.ts'

export const cloudsmith: SandboxVendor<FederatedSandbox> = federatedVendor({
  audience: (url) => url,
  lifeSeconds: 7200,
  name: 'puller',
  async respond(request, { settings, verify, issue }) {
    if (request.method !== 'POST' || request.path !== '/openid/acme/')
      return { status: 404, body: { detail: 'Not found.' } }
    const { oidc_token: token, service_slug: service } = jsonOf(request)
    if (service !== settings.name) return refused('Service account not found for this provider')
    const verdict = await verify(String(token))
    if ('rejection' in verdict) return refused(`Invalid token: ${verdict.rejection}`)
    return { status: 201, body: { token: issue('token', { sub: settings.name }).password } }
  },
})

const refused = (detail: string): SandboxResponse => ({ status: 401, body: { detail } })
