/** A Kubernetes object as JSON. https://kubernetes.io/docs/reference/using-api/api-concepts/ */

/** Ownership in the nested format of the API: `{"f:data": {"f:key": {}}}`. */
export interface FieldsV1 {
  readonly [element: string]: FieldsV1
}

export interface ManagedFieldsEntry {
  readonly manager: string
  readonly operation: 'Apply' | 'Update'
  readonly apiVersion: string
  readonly time?: string
  readonly fieldsType: 'FieldsV1'
  readonly fieldsV1: FieldsV1
  /** If the fields were written through a subresource. */
  readonly subresource?: string
}

interface OwnerReference {
  readonly apiVersion: string
  readonly kind: string
  readonly name: string
  readonly uid: string
  readonly controller?: boolean
}

export interface ObjectMeta {
  readonly name: string
  readonly namespace?: string
  readonly uid?: string
  readonly resourceVersion?: string
  readonly creationTimestamp?: string
  readonly generation?: number
  readonly deletionTimestamp?: string
  readonly deletionGracePeriodSeconds?: number
  readonly labels?: Readonly<Record<string, string>>
  readonly annotations?: Readonly<Record<string, string>>
  readonly finalizers?: readonly string[]
  readonly ownerReferences?: readonly OwnerReference[]
  readonly managedFields?: readonly ManagedFieldsEntry[]
}

export interface KubernetesObject {
  readonly apiVersion: string
  readonly kind: string
  readonly metadata: ObjectMeta
  readonly [field: string]: unknown
}

/** An object in the store, with the fields that the server sets. */
export type StoredObject = KubernetesObject & {
  readonly metadata: ObjectMeta & Required<Pick<ObjectMeta, 'uid' | 'resourceVersion' | 'creationTimestamp'>>
}

export const isRecord = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value)

/** Instants in the format of the API: RFC 3339 in whole seconds. */
export const timestamp = (instant: Date): string => instant.toISOString().replace(/\.\d+Z$/, 'Z')

/** A field as text, for selectors and validation: '' if the value is not a map, or the field is absent or not a scalar. */
export function textField(fields: unknown, name: string): string {
  const value = isRecord(fields) ? fields[name] : undefined
  return typeof value === 'string' || typeof value === 'number' || typeof value === 'boolean' ? String(value) : ''
}
