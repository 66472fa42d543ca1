/**
 * The realm of the registry's Bearer challenge: an access token as Basic password becomes a token for pulling.
 * https://distribution.github.io/distribution/spec/auth/token/
 */
import type { SandboxRequest, SandboxResponse } from '../serve/handler.ts'
import type { PullTokens } from './pull-tokens.ts'
import { registryError } from './registry-error.ts'

/** Who presents an access token, as Google's side knows it. */
interface Holder {
  readonly member: string
  /** What else a policy may mean it by; absent: nothing. */
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
  // containerd tries OAuth by POST first and goes on with GET when that is not allowed
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

/** `repository:NAME:pull,push`, several of them separated by spaces or in parameters of their own. */
const repositoriesToPull = (scopes: readonly string[]) =>
  scopes
    .flatMap((scope) => scope.split(' '))
    .map((scope) => /^repository:([^:]+):(?:\w+,)*pull(?:,\w+)*$/.exec(scope)?.[1])
    .filter((repository) => repository !== undefined)
