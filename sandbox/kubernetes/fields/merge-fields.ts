/** The two ways an apply changes an object: what it says is merged in, what it says no longer is taken out. */

import { type FieldPath, type FieldSet, member } from './field-set.ts'
import type { FieldShape } from './field-shape.ts'
import { assemble, type Child, children, isEmpty, isLeaf } from './field-tree.ts'

/** Live with the applied value laid over it: parts by key, leaves and atomic parts whole. */
export function mergeFields(shape: FieldShape, live: unknown, applied: unknown): unknown {
  const liveParts = children(shape, live)
  const appliedParts = children(shape, applied)
  if (!liveParts || !appliedParts || isEmpty(live) || isEmpty(applied)) return applied ?? live
  const merged = new Map<string, Child>(liveParts.map((child) => [child.element, child]))
  for (const child of appliedParts) {
    const value = mergeFields(child.shape, merged.get(child.element)?.value, child.value)
    merged.set(child.element, { ...child, value })
  }
  return assemble(shape, [...merged.values()])
}

/** The value without these fields; a map or list that this empties goes too. */
export function withoutFields(shape: FieldShape, value: unknown, fields: FieldSet): unknown {
  return take(shape, value, [])

  function take(partShape: FieldShape, part: unknown, path: FieldPath): unknown {
    const parts = children(partShape, part)
    if (!parts || isEmpty(part)) return part
    const kept = parts.flatMap((child) => {
      const childPath = [...path, child.element]
      const isGone = fields.has(member(childPath))
      if (isGone && (isLeaf(child.shape) || isEmpty(child.value))) return []
      const left = take(child.shape, child.value, childPath)
      return isEmpty(left) && !isEmpty(child.value) ? [] : [{ ...child, value: left }]
    })
    return assemble(partShape, kept)
  }
}
