/** The fields that a write adds, changes and removes: the basis of ownership and conflicts. */
import { isDeepStrictEqual } from 'node:util'
import { difference, type FieldPath, type FieldSet, member, neverOwned } from './field-set.ts'
import type { FieldShape } from './field-shape.ts'
import { type Child, children, isEmpty } from './field-tree.ts'

export interface FieldChanges {
  /** Added or given another value. */
  readonly written: FieldSet
  readonly removed: FieldSet
}

export function compareFields(shape: FieldShape, before: unknown, after: unknown): FieldChanges {
  const written = new Set<string>()
  const removed = new Set<string>()
  compare({ shape, before, after, path: [] })
  return { written: difference(written, neverOwned), removed: difference(removed, neverOwned) }

  function compare(part: { shape: FieldShape; before: unknown; after: unknown; path: FieldPath }): void {
    const partsBefore = children(part.shape, part.before)
    const partsAfter = children(part.shape, part.after)
    const isOwnedWhole = !partsBefore || !partsAfter || (isEmpty(part.before) && isEmpty(part.after))
    // A map or list that is added or removed is itself a field, in addition to its content.
    if (part.after === undefined) removed.add(member(part.path))
    else if (part.before === undefined) written.add(member(part.path))
    else if (isOwnedWhole && !isDeepStrictEqual(part.before, part.after)) written.add(member(part.path))
    if (isOwnedWhole) return
    const [valuesBefore, valuesAfter] = [valuesOf(partsBefore), valuesOf(partsAfter)]
    for (const [element, innerShape] of new Map(
      [...partsBefore, ...partsAfter].map((child) => [child.element, child.shape]),
    )) {
      const inner = { before: valuesBefore.get(element), after: valuesAfter.get(element) }
      if (inner.before !== inner.after) compare({ shape: innerShape, ...inner, path: [...part.path, element] })
    }
  }
}

const valuesOf = (parts: readonly Child[]) => new Map(parts.map(({ element, value }) => [element, value]))
