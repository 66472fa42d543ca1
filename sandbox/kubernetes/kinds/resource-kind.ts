/** The properties of a kind that the sandbox needs to serve it. */
import { isDeepStrictEqual } from 'node:util'
import type { StatusCause } from '../calls/status-error.ts'
import type { FieldShape } from '../fields/field-shape.ts'
import type { KubernetesObject, StoredObject } from '../objects/kubernetes-object.ts'
import type { ObjectStore } from '../objects/object-store.ts'

export type Verb = 'get' | 'list' | 'watch' | 'create' | 'update' | 'patch' | 'delete'

export interface ResourceKind {
  /** '' is the core group. */
  readonly group: string
  /** Absent: v1. Present: a custom resource, which is served while its definition is installed. */
  readonly version?: string
  readonly kind: string
  /** As in the path: `secrets`. */
  readonly plural: string
  readonly singular: string
  readonly shortNames: readonly string[]
  readonly namespaced: boolean
  /** If it includes `status`, the object's status can be written only there. */
  readonly subresources: readonly string[]
  /** How its fields are owned and merged. */
  readonly shape: FieldShape
  /** Strategic merge: lists that merge by this key; all others are replaced. */
  readonly mergeKeys: Readonly<Record<string, string>>
  /** Fields besides metadata.name and metadata.namespace that a field selector may name. */
  readonly selectable: Readonly<Record<string, (object: KubernetesObject) => string>>
  /** The response of a delete: a Status, or the deleted object. */
  readonly deleteResponse: 'status' | 'object'
  /** The grace period of an object that is being deleted; absent: it is removed immediately. */
  graceSeconds?(object: StoredObject): number
  /** A new object after the admission plugins; the fields that they add have no owner. @throws StatusError 403 */
  admit?(object: KubernetesObject, store: ObjectStore): KubernetesObject
  /** The object with default values, which the writer owns. */
  applyDefaults(object: KubernetesObject): KubernetesObject
  /** The object with fields that only the server sets, which have no owner. */
  addServerFields(object: KubernetesObject, before?: KubernetesObject): KubernetesObject
  /** Validation errors; empty if it may be written. */
  check(object: KubernetesObject, before: KubernetesObject | undefined): StatusCause[]
}

/** As in objects: `v1`, `discovery.k8s.io/v1`. */
export const apiVersionOf = ({ group, version = 'v1' }: Pick<ResourceKind, 'group' | 'version'>): string =>
  group ? `${group}/${version}` : version

/** metadata.generation counts the changes of the desired state, which `specOf` selects.
 *  https://kubernetes.io/docs/reference/kubernetes-api/common-definitions/object-meta/ */
export function withGeneration(
  object: KubernetesObject,
  before: KubernetesObject | undefined,
  specOf: (object: KubernetesObject) => unknown,
): KubernetesObject {
  const last = before?.metadata.generation ?? 0
  const generation = before && isDeepStrictEqual(specOf(before), specOf(object)) ? last : last + 1
  return { ...object, metadata: { ...object.metadata, generation } }
}
