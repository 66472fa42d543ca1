/** Artifact Registry's repositories and their policies: who may read in them, which the registry asks. */
import type { IamPolicies } from './iam-policies.ts'
import type { ProjectServices } from './project-services.ts'

interface Repository {
  /** `projects/PROJECT/locations/LOCATION/repositories/REPOSITORY`. */
  readonly name: string
  readonly format: 'DOCKER'
}

export interface ArtifactRegistry {
  readonly put: (name: string) => void
  /** By its name; the project as it was written. */
  readonly find: (name: string) => Repository | undefined
  /** `repository`: PROJECT/REPOSITORY, as images are named; its location is that of the host. */
  readonly allowReading: (repository: string, member: string) => void
  readonly denyReading: (repository: string, member: string) => void
  /** Why nobody may read there, whatever is granted; undefined where somebody may. */
  readonly denialReason: (repository: string) => string | undefined
  readonly mayRead: (repository: string, members: readonly string[]) => boolean
}

const readerRoles = ['reader', 'writer', 'repoAdmin', 'admin'].map((name) => `roles/artifactregistry.${name}`)

export function createArtifactRegistry(policies: IamPolicies, services: ProjectServices): ArtifactRegistry {
  const repositories = new Map<string, Repository>()
  const nameOf = (short: string) => {
    const [project, repository] = short.split('/')
    return [...repositories.keys()].find((name) => {
      const [, projectId, , , , repositoryId] = name.split('/')
      return projectId === project && repositoryId === repository
    })
  }
  const known = (short: string) => {
    const name = nameOf(short)
    if (name === undefined) throw new Error(`no repository ${short} in the sandbox: put it there first`)
    return name
  }
  return {
    put: (name) => void repositories.set(name, { name, format: 'DOCKER' }),
    find: (name) => repositories.get(name),
    allowReading: (short, member) => policies.allow(known(short), readerRoles[0] ?? '', member),
    denyReading: (short, member) => policies.deny(known(short), member),
    denialReason: (short) => services.refusal(short.split('/')[0] ?? '', 'artifactregistry.googleapis.com')?.message,
    mayRead(short, members) {
      const name = nameOf(short)
      return name !== undefined && policies.grants(name, readerRoles, members)
    },
  }
}
