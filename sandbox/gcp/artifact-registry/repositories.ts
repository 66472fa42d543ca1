/** Repositories of Artifact Registry and their policies, which the registry evaluates. */
import type { IamPolicies } from '../iam/iam-policies.ts'
import type { ProjectServices } from '../projects/projects.ts'

interface Repository {
  /** `projects/PROJECT/locations/LOCATION/repositories/REPOSITORY`. */
  readonly name: string
  readonly format: 'DOCKER'
}

export interface ArtifactRegistry {
  readonly put: (name: string) => void
  /** By its name; the project exactly as in the name. */
  readonly find: (name: string) => Repository | undefined
  /** `repository`: PROJECT/REPOSITORY, as in image names; the host determines the location. */
  readonly allowReading: (repository: string, member: string) => void
  readonly denyReading: (repository: string, member: string) => void
  /** Why all reads are denied regardless of grants; undefined if grants decide. */
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
    if (name === undefined) throw new Error(`no repository ${short} in the sandbox: create it first with put`)
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
