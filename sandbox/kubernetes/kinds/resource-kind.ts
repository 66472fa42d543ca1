/** What the sandbox must know of a kind to serve it as the API does. */
import type { StatusCause } from '../calls/status-error.ts'
import type { FieldShape } from '../fields/field-shape.ts'
import type { KubernetesObject, StoredObject } from '../objects/kubernetes-object.ts'
import type { ObjectStore } from '../objects/object-store.ts'

export type Verb = 'get' | 'list' | 'watch' | 'create' | 'update' | 'patch' | 'delete'

export interface ResourceKind {
  /** '' is the core group; every kind is served as its group's v1. */
  readonly group: string
  readonly kind: string
  /** As in the path: `secrets`. */
  readonly plural: string
  readonly singular: string
  readonly shortNames: readonly string[]
  readonly namespaced: boolean
  /** With `status` among them the object's status is written there alone. */
  readonly subresources: readonly string[]
  /** How its fields are owned and merged. */
  readonly shape: FieldShape
  /** Strategic merge: lists that merge by this key; all others are replaced. */
  readonly mergeKeys: Readonly<Record<string, string>>
  /** Fields besides metadata.name and metadata.namespace that a field selector may name. */
  readonly selectable: Readonly<Record<string, (object: KubernetesObject) => string>>
  /** What a delete answers: a Status, or the object as it was. */
  readonly deleteResponse: 'status' | 'object'
  /** How many seconds an object that is being deleted may still take; absent: it goes at once. */
  graceSeconds?(object: StoredObject): number
  /** A new object as admission plugins leave it; nobody owns what they add. @throws StatusError 403 */
  admit?(object: KubernetesObject, store: ObjectStore): KubernetesObject
  /** The object with its defaults, which belong to whoever writes it. */
  applyDefaults(object: KubernetesObject): KubernetesObject
  /** The object with what only the server says, which nobody owns. */
  addServerFields(object: KubernetesObject, before?: KubernetesObject): KubernetesObject
  /** What is wrong with it; empty when it may be written. */
  check(object: KubernetesObject, before: KubernetesObject | undefined): StatusCause[]
}

/** As objects name it: `v1`, `discovery.k8s.io/v1`. */
export const apiVersionOf = ({ group }: Pick<ResourceKind, 'group'>): string => (group ? `${group}/v1` : 'v1')
