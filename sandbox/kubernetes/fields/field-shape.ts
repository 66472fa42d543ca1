/** How server-side apply sees a kind: which parts are owned whole, which by key.
 *  https://kubernetes.io/docs/reference/using-api/server-side-apply/#merge-strategy */

export type FieldShape =
  | { readonly is: 'leaf' }
  | { readonly is: 'struct'; readonly fields: Readonly<Record<string, FieldShape>> }
  | { readonly is: 'map'; readonly values: FieldShape }
  | { readonly is: 'set' }
  | { readonly is: 'keyed'; readonly key: string; readonly items: FieldShape }

/** A scalar, or a list or map that is owned as a whole (`atomic`). */
export const leaf: FieldShape = { is: 'leaf' }
export const struct = (fields: Readonly<Record<string, FieldShape>>): FieldShape => ({ is: 'struct', fields })
export const mapOf = (values: FieldShape): FieldShape => ({ is: 'map', values })
export const set: FieldShape = { is: 'set' }
export const keyedBy = (key: string, items: FieldShape): FieldShape => ({ is: 'keyed', key, items })

export const objectMeta: FieldShape = struct({
  labels: mapOf(leaf),
  annotations: mapOf(leaf),
  finalizers: set,
  ownerReferences: keyedBy('uid', leaf),
})
