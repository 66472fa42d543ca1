/** The schema of a kind for server-side apply: its fields, and which parts are atomic or keyed.
 *  https://kubernetes.io/docs/reference/using-api/server-side-apply/#merge-strategy */

export type FieldShape =
  | { readonly is: 'leaf' }
  | { readonly is: 'text' }
  | { readonly is: 'struct'; readonly fields: Readonly<Record<string, FieldShape>> }
  | { readonly is: 'map'; readonly values: FieldShape }
  | { readonly is: 'set' }
  | { readonly is: 'keyed'; readonly key: string; readonly items: FieldShape }

/** A scalar, or an atomic list or map. */
export const leaf: FieldShape = { is: 'leaf' }
/** A leaf that must be a string. */
export const string: FieldShape = { is: 'text' }
export const struct = (fields: Readonly<Record<string, FieldShape>>): FieldShape => ({ is: 'struct', fields })
export const mapOf = (values: FieldShape): FieldShape => ({ is: 'map', values })
const setOfLeaves: FieldShape = { is: 'set' }
export const keyedBy = (key: string, items: FieldShape): FieldShape => ({ is: 'keyed', key, items })

const objectMeta: FieldShape = struct({
  name: string,
  generateName: string,
  namespace: string,
  uid: string,
  resourceVersion: string,
  generation: leaf,
  creationTimestamp: leaf,
  deletionTimestamp: leaf,
  deletionGracePeriodSeconds: leaf,
  selfLink: string,
  labels: mapOf(string),
  annotations: mapOf(string),
  finalizers: setOfLeaves,
  ownerReferences: keyedBy('uid', leaf),
  managedFields: leaf,
})

/** Fields with these names, each a leaf. */
export const leaves = (...names: readonly string[]): Readonly<Record<string, FieldShape>> =>
  Object.fromEntries(names.map((name) => [name, leaf]))

/** The fields that every object has, and those of the kind. */
export const objectOf = (fields: Readonly<Record<string, FieldShape>>): FieldShape =>
  struct({ apiVersion: string, kind: string, metadata: objectMeta, ...fields })
