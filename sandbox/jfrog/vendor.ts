/**
 * JFrog's OpenID Connect integration. Messages of refusals are not confirmed.
 * https://jfrog.com/help/r/jfrog-rest-apis/exchange-oidc-token
 */
import { type FederatedSandbox, federatedVendor, jsonOf } from '../issuer/federated-service.ts'
import type { SandboxResponse } from '../serve/handler.ts'
import type { SandboxVendor } from '../vendor.ts'

export const jfrog: SandboxVendor<FederatedSandbox> = federatedVendor({
  audience: (url) => url,
  lifeSeconds: 3600,
  name: 'cluster',
  async respond(request, { settings, verify, issue }) {
    if (request.method !== 'POST' || request.path !== '/access/api/v1/oidc/token') return { status: 404, body: '' }
    const body = jsonOf(request)
    const isExchange =
      body['grant_type'] === 'urn:ietf:params:oauth:grant-type:token-exchange' &&
      body['subject_token_type'] === 'urn:ietf:params:oauth:token-type:id_token'
    if (!isExchange) return refused(400, 'Invalid grant type or subject token type')
    if (body['provider_name'] !== settings.name) return refused(404, `Provider ${settings.name} not found`)
    const verdict = await verify(String(body['subject_token']))
    if ('rejection' in verdict) {
      return verdict.rejection === 'subject'
        ? refused(401, 'No matching identity mapping was found')
        : refused(401, 'Token validation failed')
    }
    const subject = 'jfac@01h/users/puller'
    const { password } = issue('puller', { sub: subject })
    return {
      status: 200,
      body: {
        access_token: password,
        issued_token_type: 'urn:ietf:params:oauth:token-type:access_token',
        token_type: 'Bearer',
        expires_in: settings.lifeSeconds,
      },
    }
  },
})

const refused = (status: number, message: string): SandboxResponse => ({
  status,
  body: { errors: [{ status, message }] },
})
