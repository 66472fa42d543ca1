/**
 * Acme Cloud, which exists for tests alone: a token service that verifies subject tokens, an API for trusted subjects, and a store for
 * issuer metadata. Its credentials are accepted by the sandbox's registry.
 */
import type { TestContext } from 'node:test'
import { compactVerify, createLocalJWKSet, decodeJwt } from 'jose'
import { cloudPlatform } from '../../../sandbox/gcp/access-tokens.ts'
import type { SandboxHandler, SandboxRequest, SandboxResponse } from '../../../sandbox/serve/handler.ts'
import { type Part, servePart } from '../../../sandbox/serve/serve-part.ts'
import type { TestSandbox } from '../../support/start-test-sandbox.ts'

export interface AcmeCloud {
  readonly part: Part
  /** Of each account: `ISSUER SUBJECT`. */
  readonly trusted: Map<string, Set<string>>
  /** Issuer metadata by its path in the store. */
  readonly stored: Map<string, string>
  /** What leads to it in place of the real one. */
  readonly environment: Readonly<Record<string, string>>
}

export const images = 'example-project/images'
const lifeSeconds = 1800

export async function startAcmeCloud(t: TestContext, sandbox: TestSandbox): Promise<AcmeCloud> {
  const trusted = new Map<string, Set<string>>()
  const stored = new Map<string, string>()
  const routes: Readonly<Record<string, SandboxHandler>> = {
    token: (request) => exchange(request, trusted, sandbox),
    authorize: (request) => authorize(request, sandbox),
    trust: (request) => changeTrust(request, trusted),
    store: (request) => keep(request, stored),
  }
  const handler: SandboxHandler = (request) => routes[request.path.split('/')[1] ?? '']?.(request) ?? { status: 404 }
  const part = await servePart({ handler, now: sandbox.clock.now })
  t.after(() => part.close())
  return { part, trusted, stored, environment: { ACME_ENDPOINT: part.url } }
}

/** Verifies signature, issuer, audience, expiry and subject. */
async function exchange(
  { body }: SandboxRequest,
  trusted: ReadonlyMap<string, ReadonlySet<string>>,
  { cluster, clock }: TestSandbox,
): Promise<SandboxResponse> {
  const { account, subjectToken }: { account: string; subjectToken: string } = JSON.parse(body.toString())
  const { iss, sub, aud, exp = 0 } = decodeJwt(subjectToken)
  const isSigned = await compactVerify(subjectToken, createLocalJWKSet(cluster.keys.jwks)).then(
    () => true,
    () => false,
  )
  if (!isSigned || aud?.[0] !== `acme:${account}` || exp * 1000 <= clock.now().getTime())
    return refused('invalid token')
  if (trusted.get(account)?.has(`${iss} ${sub}`) !== true) return refused('subject not trusted')
  return { status: 200, body: { session: `acme-session-${account}` } }
}

function authorize({ headers }: SandboxRequest, { google, clock }: TestSandbox): SandboxResponse {
  const [, account] = /^Bearer acme-session-(.+)$/.exec(headers['authorization'] ?? '') ?? []
  if (account === undefined) return refused('invalid session')
  const member = `serviceAccount:${account}@acme.example.com`
  google.repositories.allowReading(images, member)
  const expiresAt = new Date(clock.now().getTime() + lifeSeconds * 1000)
  return {
    status: 200,
    body: { password: google.grantToken({ member, scopes: [cloudPlatform], expiresAt }), lifeSeconds },
  }
}

/** `GET|PUT|DELETE /trust/ACCOUNT?subject=ISSUER SUBJECT` */
function changeTrust({ method, path, query, headers }: SandboxRequest, trusted: AcmeCloud['trusted']): SandboxResponse {
  if (headers['authorization'] !== 'Bearer acme-operator') return refused('not an operator')
  const [, , account = ''] = path.split('/')
  const subjects = trusted.get(account) ?? new Set()
  trusted.set(account, subjects)
  const subject = query.get('subject') ?? ''
  if (method === 'PUT') subjects.add(subject)
  if (method === 'DELETE') subjects.delete(subject)
  return { status: 200, body: { subjects: [...subjects] } }
}

function keep({ method, path, body }: SandboxRequest, stored: AcmeCloud['stored']): SandboxResponse {
  if (method === 'PUT') stored.set(path, body.toString())
  const text = stored.get(path)
  return { status: 200, body: text === undefined ? {} : { text } }
}

const refused = (reason: string): SandboxResponse => ({ status: 403, body: { reason } })
