/**
 * The realm of the registry's Bearer challenge: exchanges a registry credential, sent with Basic authentication, for a pull token.
 * https://distribution.github.io/distribution/spec/auth/token/
 */
import { randomBytes } from 'node:crypto'
import type { SandboxRequest, SandboxResponse } from '../serve/handler.ts'
import { registryError } from './registry-error.ts'

/** A principal that authenticated to the registry. */
export interface RegistryHolder {
  readonly mayPull: (repository: string) => boolean
  /** Why a pull of the repository is denied, in the words of the vendor. */
  readonly denial: (repository: string) => string
  readonly expiresAt: Date
}

interface RegistryCredential {
  readonly username: string
  readonly password: string
}

/** The holder of a credential that a vendor issued; undefined if it is unknown or expired. */
export type Authenticate = (credential: RegistryCredential) => RegistryHolder | undefined

/** A bearer token of the registry. */
interface PullToken {
  readonly repositories: readonly string[]
  readonly holder: RegistryHolder
}

export interface PullTokens {
  readonly grant: (repositories: readonly string[], holder: RegistryHolder) => string
  /** Undefined for an unknown or expired token. */
  readonly find: (token: string) => PullToken | undefined
}

export interface TokenEndpointNeeds {
  readonly tokens: PullTokens
  readonly authenticate: Authenticate
  readonly now: () => Date
}

export function tokenResponse(request: SandboxRequest, needs: TokenEndpointNeeds): SandboxResponse {
  // containerd tries OAuth with POST first and falls back to GET when that is not allowed
  if (request.method !== 'GET') return registryError('UNSUPPORTED', 'The operation is unsupported.')
  const credential = basicCredential(request.headers['authorization'])
  if (!credential) return registryError('DENIED', 'Unauthenticated request.')
  const holder = needs.authenticate(credential)
  if (!holder) return registryError('UNAUTHORIZED', 'authentication failed')

  const requested = repositoriesToPull(request.query.getAll('scope'))
  const denied = requested.find((repository) => !holder.mayPull(repository))
  if (denied !== undefined) return registryError('DENIED', holder.denial(denied))
  return {
    status: 200,
    body: {
      token: needs.tokens.grant(requested, holder),
      expires_in: Math.floor((holder.expiresAt.getTime() - needs.now().getTime()) / 1000),
      issued_at: needs.now().toISOString(),
    },
  }
}

function basicCredential(authorization: string | undefined): RegistryCredential | undefined {
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

export function createPullTokens(now: () => Date): PullTokens {
  const granted = new Map<string, PullToken>()
  return {
    grant(repositories, holder) {
      const token = randomBytes(48).toString('base64url')
      granted.set(token, { repositories, holder })
      return token
    },
    find(token) {
      const grant = granted.get(token)
      if (!grant || grant.holder.expiresAt > now()) return grant
      granted.delete(token)
      return undefined
    },
  }
}
