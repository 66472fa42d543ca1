/** Yandex Cloud: a folder with a service account and a registry, the APIs of operators, and the token service. https://yandex.cloud/docs/iam/concepts/workload-identity */
import { randomBytes } from 'node:crypto'
import type { FederatedSandbox } from '../issuer/federated-service.ts'
import type { Part } from '../serve/serve-part.ts'
import type { SandboxContext, SandboxVendor } from '../vendor.ts'
import { apiOf, createOperations, createOperator, type Operations, type Operator } from './api.ts'
import { createState, mayPull, newId, puller, type YandexState } from './cloud-state.ts'
import { containerRegistryApi } from './container-registry-api.ts'
import { iamApi } from './iam-api.ts'
import { tokenService } from './token-service.ts'

export interface YandexSandbox extends Omit<FederatedSandbox, 'parts'> {
  readonly parts: Readonly<Record<'tokens' | 'iam' | 'containerRegistry' | 'operation', Part>>
  readonly state: YandexState
  readonly operations: Operations
  readonly operator: Operator
  readonly folderId: string
  readonly serviceAccountId: string
  /** Its images are also at the sandbox's registry: `example-project/images/hello` is `REGISTRY_ID/example-project/images/hello`. */
  readonly registryId: string
}

const folderId = 'b1gexample0123456789'
const serviceAccountId = 'ajeexample0123456789'
const registryId = 'crpexample0123456789'

export const yandex: SandboxVendor<YandexSandbox> = {
  async open(context) {
    const { now, issuers, serve } = context
    const state = createState()
    state.folders.add(folderId)
    state.accounts.set(serviceAccountId, { id: serviceAccountId, folderId, name: 'pullpass', status: 'ACTIVE' })
    state.places.set(registryId, { id: registryId, kind: 'registry', name: 'images', folderId, bindings: [] })
    const [operations, operator] = [createOperations(now), createOperator()]
    const settings = settingsOf(state)
    const issued = createTokens(state, settings, context)
    const handle = tokenService({ state, issuers, now, issue: issued.issue })
    const parts = {
      tokens: await serve(handle),
      iam: await serve(apiOf(operator, iamApi({ state, operations }))),
      containerRegistry: await serve(apiOf(operator, containerRegistryApi({ state, operations }))),
      operation: await serve(apiOf(operator, operations.handle)),
    }
    const { url } = parts.tokens
    return {
      parts,
      handle,
      url,
      state,
      operations,
      operator,
      folderId,
      serviceAccountId,
      registryId,
      settings,
      trusted: trustedIn(state),
      environment: {
        PULLPASS_YANDEX_IAM_ENDPOINT: parts.iam.url,
        PULLPASS_YANDEX_CONTAINER_REGISTRY_ENDPOINT: parts.containerRegistry.url,
        PULLPASS_YANDEX_OPERATION_ENDPOINT: parts.operation.url,
        YC_TOKEN: operator.token,
      },
      registryVariables: {},
      audience: url,
      trust: (issuer) => setUp(state, { issuer, subject: context.subject, audience: url }),
      authenticate: issued.authenticate,
    }
  },
}

interface Trusted {
  readonly issuer: string
  readonly subject: string
  readonly audience: string
}

/** As an operator does by hand. */
function setUp({ federations, credentials, places }: YandexState, { issuer, subject, audience }: Trusted): void {
  const federationId = newId('aje')
  federations.set(federationId, {
    id: federationId,
    folderId,
    name: 'cluster',
    description: '',
    disabled: false,
    audiences: [audience],
    issuer,
    jwksUrl: `${issuer}/openid/v1/jwks`,
  })
  const id = newId('aje')
  credentials.set(id, { id, serviceAccountId, federationId, externalSubjectId: subject })
  const place = places.get(registryId)
  if (place !== undefined) {
    place.bindings = [{ roleId: puller, subject: { id: serviceAccountId, type: 'serviceAccount' } }]
  }
}

/** What the first federation and its credential accept. */
function trustedIn({ federations, credentials }: YandexState): FederatedSandbox['trusted'] {
  const federation = () => [...federations.values()][0]
  const credential = () => [...credentials.values()][0]
  const change = (fields: object) => {
    const found = federation()
    if (found !== undefined) federations.set(found.id, { ...found, ...fields })
  }
  return {
    get issuer() {
      return federation()?.issuer ?? ''
    },
    set issuer(issuer) {
      change({ issuer })
    },
    get audience() {
      return federation()?.audiences[0]
    },
    set audience(audience) {
      change({ audiences: [audience] })
    },
    get subject() {
      return credential()?.externalSubjectId ?? ''
    },
    set subject(externalSubjectId) {
      const found = credential()
      if (found !== undefined) credentials.set(found.id, { ...found, externalSubjectId })
    },
  }
}

/** `name`: the id of the service account; `pulls`: whether anything may pull. */
function settingsOf({ accounts, places }: YandexState): FederatedSandbox['settings'] {
  return {
    lifeSeconds: 43_200,
    get name() {
      return [...accounts.keys()][0] ?? ''
    },
    set name(id) {
      const [found] = accounts.values()
      accounts.clear()
      if (found !== undefined) accounts.set(id, { ...found, id })
    },
    get pulls() {
      return [...places.values()].some(({ bindings }) => bindings.length > 0)
    },
    set pulls(pulls) {
      if (!pulls) for (const place of places.values()) place.bindings = []
    },
  }
}

function createTokens(state: YandexState, settings: FederatedSandbox['settings'], { now }: SandboxContext) {
  const issued = new Map<string, { readonly accountId: string; readonly expiresAt: Date }>()
  return {
    issue: (accountId: string) => {
      const { lifeSeconds } = settings
      const token = `t1.${randomBytes(24).toString('base64url')}.${randomBytes(24).toString('base64url')}`
      const seconds = Math.floor(now().getTime() / 1000) + lifeSeconds
      issued.set(token, { accountId, expiresAt: new Date(seconds * 1000) })
      return { token, lifeSeconds }
    },
    authenticate: ({ username, password }: Parameters<YandexSandbox['authenticate']>[0]) => {
      const found = issued.get(password)
      if (username !== 'iam' || found === undefined || found.expiresAt <= now()) return undefined
      const { accountId, expiresAt } = found
      return {
        mayPull: (path: string) =>
          mayPull(state, accountId, path.startsWith(`${registryId}/`) ? path : `${registryId}/${path}`),
        denial: () => 'requested access to the resource is denied',
        expiresAt,
      }
    },
  }
}
