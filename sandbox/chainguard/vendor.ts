/** Chainguard's token service; errors have the form of gRPC's. https://edu.chainguard.dev/chainguard/administration/assumable-ids/ */
import { bearerOf, type FederatedSandbox, federatedVendor, formOf } from '../issuer/federated-service.ts'
import type { SandboxResponse } from '../serve/handler.ts'
import type { SandboxVendor } from '../vendor.ts'

export const chainguard: SandboxVendor<FederatedSandbox> = federatedVendor({
  audience: (url) => url,
  lifeSeconds: 3600,
  name: '45a0c61e/7f3b2d9c',
  async respond(request, { settings, verify, issue }) {
    if (request.method !== 'POST' || request.path !== '/sts/exchange') return { status: 404, body: '' }
    const form = formOf(request)
    if (form?.get('aud') !== 'cgr.dev') return refused(400, 3, 'audience is required')
    if (form.get('identity') !== settings.name) return refused(404, 5, 'identity not found')
    const verdict = await verify(bearerOf(request))
    if ('rejection' in verdict) return refused(401, 16, `token does not match identity: ${verdict.rejection}`)
    const { password, expiresAt } = issue('_token', { aud: 'cgr.dev' })
    return { status: 200, body: { token: password, expiry: expiresAt.toISOString() } }
  },
})

const refused = (status: number, code: number, message: string): SandboxResponse => ({
  status,
  body: { code, message, details: [] },
})
