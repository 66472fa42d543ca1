/**
 * The realm of the registry's Bearer challenge: exchanges an access token, sent as Basic password, for a pull token.
 * https://distribution.github.io/distribution/spec/auth/token/
 */
import type { SandboxRequest, SandboxResponse } from '../serve/handler.ts'
import type { PullTokens } from './pull-tokens.ts'
import { registryError } from './registry-error.ts'

/** The principal of an access token, from IAM. */
interface Holder {
  readonly member: string
  /** Principal sets that it belongs to; absent: none. */
  readonly sets?: readonly string[]
  readonly scopes: readonly string[]
  readonly expiresAt: Date
}

export interface TokenEndpointNeeds {
  readonly tokens: PullTokens
  readonly holderOf: (accessToken: string) => Holder | undefined
  readonly denialReason: (repository: string) => string | undefined
  readonly mayRead: (repository: string, members: readonly string[]) => boolean
  readonly now: () => Date
}

const pullScopes = ['cloud-platform', 'cloud-platform.read-only'].map(
  (name) => `https://www.googleapis.com/auth/${name}`,
)

export function tokenResponse(request: SandboxRequest, needs: TokenEndpointNeeds): SandboxResponse {
  // containerd tries OAuth with POST first and falls back to GET when that is not allowed
  if (request.method !== 'GET') return registryError('UNSUPPORTED', 'The operation is unsupported.')
  const credential = basicCredential(request.headers['authorization'])
  if (!credential) return registryError('DENIED', 'Unauthenticated request.')
  const holder = needs.holderOf(credential.password)
  if (credential.username !== 'oauth2accesstoken' || !holder)
    return registryError('UNAUTHORIZED', 'authentication failed')

  const requested = repositoriesToPull(request.query.getAll('scope'))
  const scoped = holder.scopes.some((scope) => pullScopes.includes(scope))
  const reason = requested.map((repository) => needs.denialReason(repository)).find((one) => one !== undefined)
  if (reason !== undefined) return registryError('DENIED', reason)
  const refused = requested.find(
    (repository) => !scoped || !needs.mayRead(repository, [holder.member, ...(holder.sets ?? [])]),
  )
  if (refused) return readDenied(refused)
  return {
    status: 200,
    body: {
      token: needs.tokens.grant(requested, holder.expiresAt),
      expires_in: Math.floor((holder.expiresAt.getTime() - needs.now().getTime()) / 1000),
      issued_at: needs.now().toISOString(),
    },
  }
}

export const readDenied = (repository: string): SandboxResponse =>
  registryError(
    'DENIED',
    `Permission "artifactregistry.repositories.downloadArtifacts" denied on resource "${repository}" (or it may not exist)`,
  )

function basicCredential(authorization: string | undefined): { username: string; password: string } | undefined {
  const encoded = /^Basic ([\w+/=]+)$/i.exec(authorization ?? '')?.[1]
  if (encoded === undefined) return undefined
  const [username = '', password = ''] = Buffer.from(encoded, 'base64').toString().split(/:(.*)/s)
  return { username, password }
}

/** `repository:NAME:pull,push`; several are separated by spaces or sent as repeated parameters. */
const repositoriesToPull = (scopes: readonly string[]) =>
  scopes
    .flatMap((scope) => scope.split(' '))
    .map((scope) => /^repository:([^:]+):(?:\w+,)*pull(?:,\w+)*$/.exec(scope)?.[1])
    .filter((repository) => repository !== undefined)
