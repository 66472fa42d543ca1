/**
 * The registry's authentication by an access token as password, and what its principal may pull.
 * https://cloud.google.com/artifact-registry/docs/docker/authentication#token
 */
import type { Authenticate } from '../../registry/token-endpoint.ts'
import type { AccessTokens } from '../access-tokens.ts'
import type { ArtifactRegistry } from './repositories.ts'

interface PullNeeds {
  readonly holderOf: AccessTokens['holderOf']
  readonly repositories: Pick<ArtifactRegistry, 'mayRead' | 'denialReason'>
}

const pullScopes = ['cloud-platform', 'cloud-platform.read-only'].map(
  (name) => `https://www.googleapis.com/auth/${name}`,
)

export const authenticatePulls =
  ({ holderOf, repositories }: PullNeeds): Authenticate =>
  ({ username, password }) => {
    const grant = username === 'oauth2accesstoken' ? holderOf(password) : undefined
    if (!grant) return undefined
    const isScoped = grant.scopes.some((scope) => pullScopes.includes(scope))
    const members = [grant.member, ...(grant.sets ?? [])]
    const reasonOf = (image: string) => repositories.denialReason(repositoryOf(image))
    return {
      expiresAt: grant.expiresAt,
      mayPull: (image) =>
        isScoped && reasonOf(image) === undefined && repositories.mayRead(repositoryOf(image), members),
      denial: (image) => reasonOf(image) ?? permissionDenied(image),
    }
  }

/** `PROJECT/REPOSITORY/IMAGE` to `PROJECT/REPOSITORY`. */
const repositoryOf = (image: string) => image.split('/').slice(0, 2).join('/')

const permissionDenied = (image: string) =>
  `Permission "artifactregistry.repositories.downloadArtifacts" denied on resource "${image}" (or it may not exist)`
