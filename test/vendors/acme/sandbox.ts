/**
 * Acme Cloud, which exists for tests alone: a token service that verifies subject tokens, an API for trusted subjects, and a store for
 * issuer metadata.
 */
import { randomBytes } from 'node:crypto'
import { compactVerify, createLocalJWKSet, decodeJwt } from 'jose'
import { readPublishedKeys } from '../../../sandbox/issuer/published-keys.ts'
import type { RegistryHolder } from '../../../sandbox/registry/token-endpoint.ts'
import type { SandboxHandler, SandboxRequest, SandboxResponse } from '../../../sandbox/serve/handler.ts'
import type { Part } from '../../../sandbox/serve/serve-part.ts'
import type { SandboxCloud, SandboxContext, SandboxVendor } from '../../../sandbox/vendor.ts'

export interface AcmeSandbox extends SandboxCloud {
  readonly parts: Readonly<Record<'api', Part>>
  /** Of each account: `ISSUER SUBJECT`. */
  readonly trusted: Map<string, Set<string>>
  /** Issuer metadata by its path in the store. */
  readonly stored: Map<string, string>
  /** The account whose credential it is. */
  readonly accountOf: (password: string) => string | undefined
}

type Issued = RegistryHolder & { readonly account: string }

/** What the routes share. */
interface AcmeState {
  readonly trusted: AcmeSandbox['trusted']
  readonly stored: AcmeSandbox['stored']
  readonly issued: Map<string, Issued>
}

const account = 'pullers'
const lifeSeconds = 1800

export const acmeSandbox: SandboxVendor<AcmeSandbox> = {
  async open(context) {
    const state: AcmeState = { trusted: new Map(), stored: new Map(), issued: new Map() }
    const { trusted, stored, issued } = state
    const routes: Readonly<Record<string, SandboxHandler>> = {
      token: (request) => exchange(request, trusted, context),
      authorize: (request) => authorize(request, issued, context),
      trust: (request) => changeTrust(request, trusted),
      store: (request) => keep(request, stored),
    }
    const api = await context.serve((request) => routes[request.path.split('/')[1] ?? '']?.(request) ?? { status: 404 })
    return {
      parts: { api },
      trusted,
      stored,
      accountOf: (password) => issued.get(password)?.account,
      environment: { ACME_ENDPOINT: api.url },
      registryVariables: { ACME_ACCOUNT: account },
      audience: `acme:${account}`,
      trust: (issuer) => void trusted.set(account, new Set([`${issuer} ${context.subject}`])),
      authenticate({ username, password }) {
        const holder = username === 'acme' ? issued.get(password) : undefined
        return holder && holder.expiresAt > context.now() ? holder : undefined
      },
    }
  },
}

/** Verifies signature, issuer, audience, expiry and subject. */
async function exchange(
  { body }: SandboxRequest,
  trusted: AcmeState['trusted'],
  { issuers, now }: SandboxContext,
): Promise<SandboxResponse> {
  const { account: requested, subjectToken }: { account: string; subjectToken: string } = JSON.parse(body.toString())
  const { iss = '', sub, aud, exp = 0 } = decodeJwt(subjectToken)
  if (trusted.get(requested)?.has(`${iss} ${sub}`) !== true) return refused('subject not trusted')
  const keys = createLocalJWKSet(await readPublishedKeys({ issuerUri: iss }, issuers))
  const isSigned = await compactVerify(subjectToken, keys).then(
    () => true,
    () => false,
  )
  if (!isSigned || aud?.[0] !== `acme:${requested}` || exp * 1000 <= now().getTime()) return refused('invalid token')
  return { status: 200, body: { session: `acme-session-${requested}` } }
}

function authorize(
  { headers }: SandboxRequest,
  issued: AcmeState['issued'],
  { repository, now }: SandboxContext,
): SandboxResponse {
  const [, holder] = /^Bearer acme-session-(.+)$/.exec(headers['authorization'] ?? '') ?? []
  if (holder === undefined) return refused('invalid session')
  const password = randomBytes(32).toString('base64url')
  issued.set(password, {
    account: holder,
    mayPull: (image) => image.startsWith(`${repository}/`),
    denial: (image) => `account ${holder} may not read ${image}`,
    expiresAt: new Date(now().getTime() + lifeSeconds * 1000),
  })
  return { status: 200, body: { password, lifeSeconds } }
}

/** `GET|PUT|DELETE /trust/ACCOUNT?subject=ISSUER SUBJECT` */
function changeTrust({ method, path, query, headers }: SandboxRequest, trusted: AcmeState['trusted']): SandboxResponse {
  if (headers['authorization'] !== 'Bearer acme-operator') return refused('not an operator')
  const [, , requested = ''] = path.split('/')
  const subjects = trusted.get(requested) ?? new Set()
  trusted.set(requested, subjects)
  const subject = query.get('subject') ?? ''
  if (method === 'PUT') subjects.add(subject)
  if (method === 'DELETE') subjects.delete(subject)
  return { status: 200, body: { subjects: [...subjects] } }
}

function keep({ method, path, body }: SandboxRequest, stored: AcmeState['stored']): SandboxResponse {
  if (method === 'PUT') stored.set(path, body.toString())
  const text = stored.get(path)
  return { status: 200, body: text === undefined ? {} : { text } }
}

const refused = (reason: string): SandboxResponse => ({ status: 403, body: { reason } })
