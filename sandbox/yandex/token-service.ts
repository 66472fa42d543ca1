/**
 * The token service: an identity token for an IAM token of a service account, if a federated credential of the account has the token's
 * subject, in an enabled federation with its issuer and audience. The errors are not confirmed.
 * https://yandex.cloud/docs/iam/operations/wlif/setup-wlif#exchange-jwt-for-iam
 */
import { formOf } from '../issuer/federated-service.ts'
import { type IssuerConnection, readKeysAt } from '../issuer/published-keys.ts'
import { type Rejection, verifyIdentity } from '../issuer/verify-identity.ts'
import type { SandboxHandler, SandboxResponse } from '../serve/handler.ts'
import type { YandexState } from './cloud-state.ts'

export interface TokenServiceNeeds {
  readonly state: YandexState
  readonly issuers: IssuerConnection
  readonly now: () => Date
  /** An IAM token of a service account, and its lifetime. */
  readonly issue: (serviceAccountId: string) => { readonly token: string; readonly lifeSeconds: number }
}

const tokenType = 'urn:ietf:params:oauth:token-type:'

export const tokenService =
  (needs: TokenServiceNeeds): SandboxHandler =>
  async (request) => {
    if (request.method !== 'POST' || request.path !== '/oauth/token') return { status: 404, body: '' }
    const form = formOf(request)
    const isExchange =
      form?.get('grant_type') === 'urn:ietf:params:oauth:grant-type:token-exchange' &&
      form.get('requested_token_type') === `${tokenType}access_token` &&
      form.get('subject_token_type') === `${tokenType}id_token`
    if (!isExchange) return refused('invalid_request', 'The request is not a token exchange.')
    const account = needs.state.accounts.get(form.get('audience') ?? '')
    if (account === undefined) return refused('invalid_target', 'The service account does not exist.')
    const rejection = await rejectionOf(form.get('subject_token') ?? '', account.id, needs)
    if (rejection !== undefined || account.status !== 'ACTIVE') {
      return refused('invalid_grant', `The subject token is not accepted: ${rejection ?? 'account'}.`)
    }
    const { token, lifeSeconds } = needs.issue(account.id)
    return { status: 200, body: { access_token: token, token_type: 'Bearer', expires_in: lifeSeconds } }
  }

/** Undefined where one of the credentials accepts it; else what the one that came closest rejects. */
async function rejectionOf(
  token: string,
  accountId: string,
  { state, issuers, now }: TokenServiceNeeds,
): Promise<Rejection | 'credential' | undefined> {
  let last: Rejection | 'credential' = 'credential'
  for (const { serviceAccountId, federationId, externalSubjectId: subject } of state.credentials.values()) {
    const federation = state.federations.get(federationId)
    if (serviceAccountId !== accountId || federation === undefined || federation.disabled) continue
    const keys = await readKeysAt(federation.jwksUrl, issuers).catch(() => ({ keys: [] }))
    for (const audience of federation.audiences) {
      const verdict = verifyIdentity(token, { issuer: federation.issuer, subject, audience }, keys, now())
      if ('claims' in verdict) return undefined
      last = verdict.rejection
    }
  }
  return last
}

const refused = (error: string, error_description: string): SandboxResponse => ({
  status: 400,
  body: { error, error_description },
})
