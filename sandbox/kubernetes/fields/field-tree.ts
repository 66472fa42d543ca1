/** The children of a value by its shape, with the path elements of managedFields (`f:`, `v:`, `k:`). */
import { isRecord } from '../objects/kubernetes-object.ts'
import { type FieldShape, leaf } from './field-shape.ts'

export interface Child {
  /** `f:NAME` for a field, `v:JSON` for a member of a set, `k:{"KEY":JSON}` for an item of a keyed list. */
  readonly element: string
  readonly shape: FieldShape
  readonly value: unknown
}

/** The children of a value; undefined if it is atomic. */
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

/** The value with these children: the inverse of `children`. */
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
