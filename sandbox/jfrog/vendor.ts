/** JFrog: a platform with a user, a group and a repository, the APIs of an administrator, and the exchange of tokens. https://jfrog.com/help/r/jfrog-rest-apis/oidc-token-exchange */
import { randomBytes } from 'node:crypto'
import type { FederatedSandbox } from '../issuer/federated-service.ts'
import type { SandboxHandler } from '../serve/handler.ts'
import type { SandboxContext, SandboxVendor } from '../vendor.ts'
import { createOperator, type Operator, platformApi } from './platform-api.ts'
import {
  createState,
  type Holder,
  type Integration,
  type Mapping,
  mappingKey,
  mayRead,
  type PlatformState,
} from './platform-state.ts'
import { exchangeToken } from './token-service.ts'

export interface JfrogSandbox extends FederatedSandbox {
  readonly state: PlatformState
  readonly operator: Operator
  readonly username: string
  readonly group: string
  /** Its images are at the sandbox's registry. */
  readonly repository: string
}

const [username, group, integration] = ['puller', 'pullers', 'cluster']

export const jfrog: SandboxVendor<JfrogSandbox> = {
  async open(context) {
    const { now, issuers, serve, subject } = context
    const [state, operator] = [createState(), createOperator()]
    const [repository = ''] = context.repository.split('/', 1)
    state.users.set(username, { admin: false, status: 'enabled', groups: [] })
    state.groups.set(group, { admin_privileges: false })
    state.repositories.set(repository, { rclass: 'local' })
    const issued = createTokens(state, context)
    const api = platformApi(state, operator)
    const handle: SandboxHandler = async (request) =>
      (await exchangeToken(request, { state, issuers, now, issue: issued.issue })) ?? (await api(request))
    const tokens = await serve(handle)
    const { url } = tokens
    return {
      parts: { tokens },
      handle,
      url,
      state,
      operator,
      username,
      group,
      repository,
      settings: settingsOf(state),
      trusted: trustedIn(state),
      environment: { JFROG_ACCESS_TOKEN: operator.token, JFROG_URL: url },
      registryVariables: {},
      audience: url,
      trust: (issuer) => setUp(state, { issuer, subject, audience: url, repository }),
      authenticate: issued.authenticate,
    }
  },
}

interface Trusted {
  readonly issuer: string
  readonly subject: string
  readonly audience: string
  readonly repository: string
}

/** As an operator does by hand. */
function setUp(state: PlatformState, { issuer, subject, audience, repository }: Trusted): void {
  state.integrations.set(integration, {
    name: integration,
    issuer_url: issuer,
    provider_type: 'Generic OpenID Connect',
  })
  const mapping: Mapping = {
    name: 'pullpass',
    provider_name: integration,
    priority: 1,
    claims: { sub: subject, aud: audience },
    token_spec: { username, scope: 'applied-permissions/user', audience: '*@*', expires_in: 3600 },
  }
  state.mappings.set(mappingKey(mapping), mapping)
  const targets = { [repository]: { include_patterns: ['**'], exclude_patterns: [] } }
  const artifact = { actions: { users: { [username]: ['READ'] }, groups: {} }, targets }
  state.permissions.set('pull', { name: 'pull', resources: { artifact } })
}

/** What the first integration and its first mapping accept. */
function trustedIn({ integrations, mappings }: PlatformState): FederatedSandbox['trusted'] {
  const found = () => [...integrations.values()][0]
  const claims = () => [...mappings.values()][0]?.claims ?? {}
  const change = (changed: Mapping['claims']) => {
    const [mapping] = mappings.values()
    if (mapping !== undefined)
      mappings.set(mappingKey(mapping), { ...mapping, claims: { ...mapping.claims, ...changed } })
  }
  return {
    get issuer() {
      return found()?.issuer_url ?? ''
    },
    set issuer(issuer_url) {
      const one = found()
      if (one !== undefined) integrations.set(one.name, { ...one, issuer_url })
    },
    get audience() {
      return String(claims()['aud'])
    },
    set audience(aud) {
      change({ aud })
    },
    get subject() {
      return String(claims()['sub'])
    },
    set subject(sub) {
      change({ sub })
    },
  }
}

/** `name`: of the integration; `pulls`: whether anything may be read. */
function settingsOf({ integrations, mappings, permissions }: PlatformState): FederatedSandbox['settings'] {
  return {
    get lifeSeconds() {
      return [...mappings.values()][0]?.token_spec.expires_in ?? 60
    },
    set lifeSeconds(expires_in) {
      for (const [key, one] of mappings) mappings.set(key, { ...one, token_spec: { ...one.token_spec, expires_in } })
    },
    get name() {
      return [...integrations.keys()][0] ?? ''
    },
    set name(name) {
      const [found] = integrations.values()
      integrations.clear()
      if (found !== undefined) integrations.set(name, { ...found, name } satisfies Integration)
    },
    get pulls() {
      return permissions.size > 0
    },
    set pulls(pulls) {
      if (!pulls) permissions.clear()
    },
  }
}

function createTokens(state: PlatformState, { now }: SandboxContext) {
  const issued = new Map<string, { readonly holder: Holder; readonly expiresAt: Date }>()
  const encode = (part: object) => Buffer.from(JSON.stringify(part)).toString('base64url')
  return {
    issue: (holder: Holder, sub: string, lifeSeconds: number) => {
      const exp = Math.floor(now().getTime() / 1000) + lifeSeconds
      const token = `${encode({ alg: 'RS256' })}.${encode({ sub, exp })}.${randomBytes(24).toString('base64url')}`
      issued.set(token, { holder, expiresAt: new Date(exp * 1000) })
      return token
    },
    authenticate: ({ username: user, password }: Parameters<JfrogSandbox['authenticate']>[0]) => {
      const found = issued.get(password)
      if (found === undefined || found.holder.username !== user || found.expiresAt <= now()) return undefined
      const { holder, expiresAt } = found
      return {
        mayPull: (path: string) => mayRead(state, holder, path),
        denial: () => 'requested access to the resource is denied',
        expiresAt,
      }
    },
  }
}
