/** A value taken apart by its shape: its children under the path elements that ownership is written with (`f:`, `v:`, `k:`). */
import { isRecord } from '../objects/kubernetes-object.ts'
import { type FieldShape, leaf } from './field-shape.ts'

export interface Child {
  /** `f:NAME` of a field, `v:JSON` of a set's member, `k:{"KEY":JSON}` of a keyed list's item. */
  readonly element: string
  readonly shape: FieldShape
  readonly value: unknown
}

/** The children of a value that is owned part by part; undefined where it is owned as a whole. */
export function children(shape: FieldShape, value: unknown): Child[] | undefined {
  switch (shape.is) {
    case 'leaf':
    case 'text':
      return undefined
    case 'struct':
    case 'map':
      return Object.entries(isRecord(value) ? value : {}).map(([name, field]) => ({
        element: `f:${name}`,
        shape: shape.is === 'map' ? shape.values : (shape.fields[name] ?? leaf),
        value: field,
      }))
    case 'set':
      return items(value).map((item) => ({ element: `v:${JSON.stringify(item)}`, shape: leaf, value: item }))
    case 'keyed':
      return items(value).map((item) => ({
        element: `k:${JSON.stringify({ [shape.key]: isRecord(item) ? item[shape.key] : undefined })}`,
        shape: shape.items,
        value: item,
      }))
    default:
      return shape satisfies never
  }
}

/** The value that these children make: the inverse of `children`. */
export const assemble = (shape: FieldShape, parts: readonly Child[]): unknown =>
  shape.is === 'set' || shape.is === 'keyed'
    ? parts.map(({ value }) => value)
    : Object.fromEntries(parts.map(({ element, value }) => [element.slice(2), value]))

export const isLeaf = ({ is }: FieldShape): boolean => is === 'leaf' || is === 'text'

export const isEmpty = (value: unknown): boolean =>
  value === undefined ||
  value === null ||
  (Array.isArray(value) ? value.length === 0 : isRecord(value) && Object.keys(value).length === 0)

const items = (value: unknown): readonly unknown[] => (Array.isArray(value) ? value : [])
