/**
 * A folder of Yandex Cloud: service accounts, workload identity federations with their federated credentials, and registries with
 * access bindings. https://yandex.cloud/docs/iam/concepts/workload-identity
 */
import { randomBytes } from 'node:crypto'

interface ServiceAccount {
  readonly id: string
  readonly folderId: string
  readonly name: string
  readonly status: 'ACTIVE' | 'SUSPENDED'
}

export interface Federation {
  readonly id: string
  readonly folderId: string
  readonly name: string
  readonly description: string
  readonly disabled: boolean
  readonly audiences: readonly string[]
  readonly issuer: string
  readonly jwksUrl: string
}

export interface Credential {
  readonly id: string
  readonly serviceAccountId: string
  readonly federationId: string
  readonly externalSubjectId: string
}

export interface Binding {
  readonly roleId: string
  readonly subject: { readonly id: string; readonly type: string }
}

/** A registry, or a repository in one, whose name begins with the id of its registry. */
export interface Place {
  readonly id: string
  readonly kind: 'registry' | 'repository'
  readonly name: string
  readonly folderId: string
  bindings: readonly Binding[]
}

export interface YandexState {
  readonly folders: Set<string>
  /** Each by id. */
  readonly accounts: Map<string, ServiceAccount>
  readonly federations: Map<string, Federation>
  readonly credentials: Map<string, Credential>
  readonly places: Map<string, Place>
}

export const createState = (): YandexState => ({
  folders: new Set(),
  accounts: new Map(),
  federations: new Map(),
  credentials: new Map(),
  places: new Map(),
})

/** 20 characters, of which the first three name the kind of resource. */
export const newId = (kind: 'aje'): string => `${kind}${randomBytes(12).toString('hex').slice(0, 17)}`

export const puller = 'container-registry.images.puller'

/** Roles of a registry apply to its repositories. */
export function mayPull({ places }: YandexState, serviceAccountId: string, name: string): boolean {
  const registryId = name.split('/', 1)[0]
  return [...places.values()].some(
    (place) =>
      (place.kind === 'registry' ? place.id === registryId : place.name === name) &&
      place.bindings.some(
        ({ roleId, subject }) =>
          roleId === puller && subject.type === 'serviceAccount' && subject.id === serviceAccountId,
      ),
  )
}
