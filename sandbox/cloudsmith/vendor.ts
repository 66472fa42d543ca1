/**
 * Cloudsmith: an organization with a repository, the API of operators, and the exchange, which an OpenID Connect provider of the
 * organization permits. The message of a refusal is the same for every cause: https://docs.cloudsmith.com/authentication/openid-connect;
 * its text is not confirmed.
 */
import { randomBytes } from 'node:crypto'
import { type FederatedSandbox, jsonOf } from '../issuer/federated-service.ts'
import { type IssuerConnection, readPublishedKeys } from '../issuer/published-keys.ts'
import { claimsOf, verifyIdentity } from '../issuer/verify-identity.ts'
import type { SandboxHandler, SandboxResponse } from '../serve/handler.ts'
import type { SandboxContext, SandboxVendor } from '../vendor.ts'
import { createOperator, type Operator, operatorApi } from './operator-api.ts'
import { type CloudsmithState, createState, mayPull, newId, newKey, type Provider } from './organization-state.ts'

export interface CloudsmithSandbox extends FederatedSandbox {
  readonly state: CloudsmithState
  readonly operator: Operator
  readonly organization: string
  /** Its slug. */
  readonly repository: string
  /** The service account that `trust` sets up. */
  readonly service: string
}

const service = 'puller'

export const cloudsmith: SandboxVendor<CloudsmithSandbox> = {
  async open(context) {
    const [organization = '', repository = ''] = context.repository.split('/')
    const state = createState()
    state.repositories.set(repository, [{ user: 'owner', privilege: 'Admin' }])
    const operator = createOperator()
    const settings = settingsOf(state, repository)
    const tokens = createTokens(state, settings, context)
    const configure = operatorApi({ organization, state, operator })
    const handle: SandboxHandler = async (request) => {
      if (request.method !== 'POST' || request.path !== `/openid/${organization}/`)
        return configure(request) ?? { status: 404, body: { detail: 'Not found.' } }
      const { oidc_token: token, service_slug: slug } = jsonOf(request)
      const isAccepted = await accepts(state, { token: String(token), slug: String(slug) }, context)
      return isAccepted ? { status: 201, body: { token: tokens.issue(String(slug)) } } : refused
    }
    const part = await context.serve(handle)
    return {
      parts: { tokens: part },
      handle,
      url: part.url,
      state,
      operator,
      organization,
      repository,
      service,
      settings,
      trusted: trustedIn(state),
      environment: { CLOUDSMITH_API_KEY: operator.key, CLOUDSMITH_API_HOST: `${part.url}/v1` },
      registryVariables: {},
      audience: part.url,
      trust: (issuer) => setUp(state, { issuer, repository, claims: { sub: context.subject, aud: part.url } }),
      authenticate: tokens.authenticate,
    }
  },
}

const refused: SandboxResponse = { status: 401, body: { detail: 'OIDC token cannot be authenticated.' } }

interface Exchange {
  readonly token: string
  /** Of the service account. */
  readonly slug: string
}

/** Whether a provider accepts the token for the service account. */
async function accepts(
  { services, providers }: CloudsmithState,
  { token, slug }: Exchange,
  { issuers, now }: { readonly issuers: IssuerConnection; readonly now: () => Date },
): Promise<boolean> {
  if (!services.has(slug)) return false
  const claims = claimsOf(token)
  for (const provider of providers.values()) {
    const { enabled, provider_url: issuer } = provider
    if (!enabled || !signsInAs(provider, slug, claims) || !hasClaims(provider, claims)) continue
    const keys = await readPublishedKeys({ issuerUri: issuer.replace(/\/$/, '') }, issuers).catch(() => ({ keys: [] }))
    const trusted = { issuer: issuer.replace(/\/$/, ''), subject: String(claims['sub']), audience: undefined }
    if ('claims' in verifyIdentity(token, trusted, keys, now())) return true
  }
  return false
}

const signsInAs = ({ service_accounts, mapping_claim, mappings }: Provider, slug: string, claims: object) =>
  mapping_claim === null
    ? service_accounts.includes(slug)
    : mappings.some((one) => one.service_account === slug && one.claim_value === Object(claims)[mapping_claim])

/** A value that ends in ".*" is a prefix; a list contains the value. */
const hasClaims = ({ claims: required }: Provider, claims: Record<string, unknown>) =>
  Object.entries(required).every(([name, value]) =>
    [claims[name]].flat().some((one) => {
      return value.endsWith('.*') ? String(one).startsWith(value.slice(0, -2)) : one === value
    }),
  )

interface Trusted extends Pick<Provider, 'claims'> {
  readonly issuer: string
  readonly repository: string
}

/** As an operator does by hand. */
function setUp({ services, providers, repositories }: CloudsmithState, { issuer, repository, claims }: Trusted): void {
  const member = { role: 'Member', teams: [], key: newKey() } as const
  services.set(service, { slug: service, name: service, description: '', ...member })
  const id = newId()
  const common = { enabled: true, service_accounts: [service], mapping_claim: null, mappings: [] }
  providers.set(id, { slug_perm: id, name: 'cluster', provider_url: issuer, claims, ...common })
  repositories.set(repository, [...(repositories.get(repository) ?? []), { service, privilege: 'Read' }])
}

/** What the first provider accepts. */
function trustedIn({ providers }: CloudsmithState): FederatedSandbox['trusted'] {
  const first = () => [...providers.values()][0]
  const change = (fields: Partial<Provider>) => {
    const found = first()
    if (found !== undefined) providers.set(found.slug_perm, { ...found, ...fields })
  }
  const claim = (name: 'sub' | 'aud') => first()?.claims[name]
  return {
    get issuer() {
      return first()?.provider_url ?? ''
    },
    set issuer(issuer) {
      change({ provider_url: issuer })
    },
    get audience() {
      return claim('aud')
    },
    set audience(aud) {
      change({ claims: { ...first()?.claims, ...(aud !== undefined && { aud }) } })
    },
    get subject() {
      return claim('sub') ?? ''
    },
    set subject(sub) {
      change({ claims: { ...first()?.claims, sub } })
    },
  }
}

/** `name`: the slug of the service account; `pulls`: whether one may pull. */
function settingsOf({ services, repositories }: CloudsmithState, repository: string): FederatedSandbox['settings'] {
  const privileges = () => repositories.get(repository) ?? []
  return {
    lifeSeconds: 7200,
    get name() {
      return [...services.keys()][0] ?? ''
    },
    set name(slug) {
      const [found] = services.values()
      services.clear()
      if (found !== undefined) services.set(slug, { ...found, slug })
    },
    get pulls() {
      return privileges().some((one) => 'service' in one)
    },
    set pulls(pulls) {
      if (!pulls)
        repositories.set(
          repository,
          privileges().filter((one) => !('service' in one)),
        )
    },
  }
}

function createTokens(state: CloudsmithState, settings: FederatedSandbox['settings'], { now }: SandboxContext) {
  const issued = new Map<string, { readonly slug: string; readonly expiresAt: Date }>()
  const encode = (part: object) => Buffer.from(JSON.stringify(part)).toString('base64url')
  return {
    /** A JWT. */
    issue(slug: string): string {
      const exp = Math.floor(now().getTime() / 1000) + settings.lifeSeconds
      const token = `${encode({ alg: 'RS256' })}.${encode({ sub: slug, exp })}.${randomBytes(24).toString('base64url')}`
      issued.set(token, { slug, expiresAt: new Date(exp * 1000) })
      return token
    },
    authenticate: ({ username, password }: Parameters<CloudsmithSandbox['authenticate']>[0]) => {
      const found = issued.get(password)
      if (username !== 'token' || found === undefined || found.expiresAt <= now()) return undefined
      return {
        mayPull: (path: string) => mayPull(state, found.slug, path.split('/')[1] ?? ''),
        denial: () => 'requested access to the resource is denied',
        expiresAt: found.expiresAt,
      }
    },
  }
}
