/** Yandex Cloud's token exchange. Messages of refusals are not confirmed. https://yandex.cloud/docs/iam/concepts/workload-identity */
import { type FederatedSandbox, federatedVendor, formOf } from '../issuer/federated-service.ts'
import type { SandboxResponse } from '../serve/handler.ts'
import type { SandboxVendor } from '../vendor.ts'

const tokenType = 'urn:ietf:params:oauth:token-type:'

export const yandex: SandboxVendor<FederatedSandbox> = federatedVendor({
  audience: (url) => url,
  lifeSeconds: 43_200,
  name: 'ajeexample0123456789',
  async respond(request, { settings, verify, issue }) {
    if (request.method !== 'POST' || request.path !== '/oauth/token') return { status: 404, body: '' }
    const form = formOf(request)
    const isExchange =
      form?.get('grant_type') === 'urn:ietf:params:oauth:grant-type:token-exchange' &&
      form.get('requested_token_type') === `${tokenType}access_token` &&
      form.get('subject_token_type') === `${tokenType}id_token`
    if (!isExchange) return refused('invalid_request', 'The request is not a token exchange.')
    if (form.get('audience') !== settings.name) return refused('invalid_target', 'The service account does not exist.')
    const verdict = await verify(form.get('subject_token') ?? '')
    if ('rejection' in verdict)
      return refused('invalid_grant', `The subject token is not accepted: ${verdict.rejection}.`)
    const { password } = issue('iam')
    return { status: 200, body: { access_token: password, token_type: 'Bearer', expires_in: settings.lifeSeconds } }
  },
})

const refused = (error: string, error_description: string): SandboxResponse => ({
  status: 400,
  body: { error, error_description },
})
