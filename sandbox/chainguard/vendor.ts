/** Chainguard: an organization with a folder, the API of operators, and the token service. https://edu.chainguard.dev/platform/administration/assumable-ids/assumable-ids/ */
import { randomBytes } from 'node:crypto'
import type { FederatedSandbox } from '../issuer/federated-service.ts'
import type { Part } from '../serve/serve-part.ts'
import type { SandboxContext, SandboxVendor } from '../vendor.ts'
import { createOperator, iamApi, type Operator } from './iam-api.ts'
import { type ChainguardState, type ClaimMatch, createState, mayPull, newUid, roles } from './state.ts'
import { tokenService } from './token-service.ts'

export interface ChainguardSandbox extends Omit<FederatedSandbox, 'parts'> {
  readonly parts: Readonly<Record<'tokens' | 'api', Part>>
  readonly state: ChainguardState
  readonly operator: Operator
  /** UIDPs: of the organization `example-project`, of its folder `images`, and of the identity that documents name. */
  readonly organization: string
  readonly folder: string
  readonly identity: string
}

const organization = '45a0c61ea6fd977f050c5fb9ac06a69eed764595'
const folder = `${organization}/1b2c3d4e5f60718a`
const identity = `${organization}/7f3b2d9c1f0a4e5b`

export const chainguard: SandboxVendor<ChainguardSandbox> = {
  async open(context) {
    const { now, issuers, serve, repository, subject } = context
    const [name = '', folderName = ''] = repository.split('/')
    const state = createState([
      { uid: organization, name },
      { uid: folder, name: folderName },
    ])
    const operator = createOperator()
    const settings = settingsOf(state)
    const issued = createTokens(state, settings, context)
    const usual: string[] = []
    const handle = tokenService({ state, issuers, now, usualAudiences: () => usual, issue: issued.issue })
    const parts = { tokens: await serve(handle), api: await serve(iamApi(operator, state)) }
    const { url } = parts.tokens
    usual.push(url, new URL(url).host)
    return {
      parts,
      handle,
      url,
      state,
      operator,
      organization,
      folder,
      identity,
      settings,
      trusted: trustedIn(state),
      environment: { PULLPASS_CHAINGUARD_API_ENDPOINT: parts.api.url, PULLPASS_CHAINGUARD_TOKEN: operator.token },
      registryVariables: {},
      audience: url,
      trust: (issuer) => setUp(state, { issuer, subject, audience: url }),
      authenticate: issued.authenticate,
    }
  },
}

/** As an operator does by hand. */
function setUp({ identities, bindings }: ChainguardState, claimMatch: ClaimMatch): void {
  identities.set(identity, { uid: identity, name: 'cluster', description: '', claimMatch })
  const uid = newUid(organization)
  bindings.set(uid, { uid, identityUid: identity, roleUid: roles.pull })
}

/** What the first identity accepts. */
function trustedIn({ identities }: ChainguardState): FederatedSandbox['trusted'] {
  const found = () => [...identities.values()][0]
  const change = (claims: ClaimMatch) => {
    const one = found()
    if (one !== undefined) identities.set(one.uid, { ...one, claimMatch: { ...one.claimMatch, ...claims } })
  }
  return {
    get issuer() {
      return found()?.claimMatch?.issuer ?? ''
    },
    set issuer(issuer) {
      change({ issuer })
    },
    get subject() {
      return found()?.claimMatch?.subject ?? ''
    },
    set subject(subject) {
      change({ subject })
    },
    get audience() {
      return found()?.claimMatch?.audience
    },
    set audience(audience) {
      change(audience === undefined ? {} : { audience })
    },
  }
}

/** `name`: the id of the identity; `pulls`: whether anything may pull. */
function settingsOf({ identities, bindings }: ChainguardState): FederatedSandbox['settings'] {
  return {
    lifeSeconds: 3600,
    get name() {
      return [...identities.keys()][0] ?? ''
    },
    set name(uid) {
      const [found] = identities.values()
      identities.clear()
      if (found !== undefined) identities.set(uid, { ...found, uid })
    },
    get pulls() {
      return bindings.size > 0
    },
    set pulls(pulls) {
      if (!pulls) bindings.clear()
    },
  }
}

function createTokens(state: ChainguardState, settings: FederatedSandbox['settings'], { now }: SandboxContext) {
  const issued = new Map<string, { readonly identityUid: string; readonly expiresAt: Date }>()
  const encode = (part: object) => Buffer.from(JSON.stringify(part)).toString('base64url')
  return {
    issue: (identityUid: string) => {
      const exp = Math.floor(now().getTime() / 1000) + settings.lifeSeconds
      const token = `${encode({ alg: 'RS256' })}.${encode({ aud: 'cgr.dev', exp })}.${randomBytes(24).toString('base64url')}`
      const expiresAt = new Date(exp * 1000)
      issued.set(token, { identityUid, expiresAt })
      return { token, expiresAt }
    },
    authenticate: ({ username, password }: Parameters<ChainguardSandbox['authenticate']>[0]) => {
      const found = issued.get(password)
      if (username !== '_token' || found === undefined || found.expiresAt <= now()) return undefined
      return {
        mayPull: (path: string) => mayPull(state, found.identityUid, path),
        denial: () => 'requested access to the resource is denied',
        expiresAt: found.expiresAt,
      }
    },
  }
}
