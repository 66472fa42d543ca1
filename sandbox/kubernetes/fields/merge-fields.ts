/** The two ways an apply changes an object: what it says is merged in, what it says no longer is taken out. */
import { difference, type FieldPath, type FieldSet, member, pathOf, union } from './field-set.ts'
import type { FieldShape } from './field-shape.ts'
import { assemble, type Child, children, isEmpty } from './field-tree.ts'

/** Live with the applied value laid over it: parts by key, leaves and atomic parts whole. */
export function mergeFields(shape: FieldShape, live: unknown, applied: unknown): unknown {
  const liveParts = children(shape, live)
  const appliedParts = children(shape, applied)
  if (!liveParts || !appliedParts || isEmpty(live) || applied === undefined) return applied ?? live
  const liveValues = new Map(liveParts.map((child) => [child.element, child.value]))
  const merged = appliedParts.map((child): Child => {
    return { ...child, value: mergeFields(child.shape, liveValues.get(child.element), child.value) }
  })
  return assemble(shape, interleave(liveParts, merged))
}

/** In the applied order, with what is live alone where it was: before what followed it, and before what is new there. */
function interleave(liveParts: readonly Child[], merged: readonly Child[]): Child[] {
  const positions = new Map(liveParts.map(({ element }, at) => [element, at]))
  const elements = new Set(merged.map(({ element }) => element))
  const isAlone = ({ element }: Child): boolean => !elements.has(element)
  let next = 0
  const upTo = (end: number): Child[] => {
    const alone = liveParts.slice(next, end).filter(isAlone)
    next = Math.max(next, end)
    return alone
  }
  const ordered = merged.flatMap((child) => {
    const shared = liveParts.findIndex((part, at) => at >= next && !isAlone(part))
    return [...upTo(positions.get(child.element) ?? (shared < 0 ? liveParts.length : shared)), child]
  })
  return [...ordered, ...upTo(liveParts.length)]
}

/** What an owner loses of its fields because it says them no longer and nobody else owns them. A map or list that
 *  nobody owns anything of goes whole, with what lies in it unowned. */
export function droppedFields(own: FieldSet, owned: FieldSet): FieldSet {
  const held = new Set([...owned].map(pathOf).flatMap(prefixes).map(member))
  const containers = [...own].map(pathOf).flatMap(prefixes).filter(isContainer).map(member)
  return difference(union(own, new Set(containers)), held)
}

/** The path and all that hold it. */
const prefixes = (path: FieldPath): FieldPath[] => path.map((_, depth) => path.slice(0, depth + 1))

const isContainer = (path: FieldPath): boolean => (path[0] === 'f:metadata' ? path.length === 2 : path.length === 1)

/** The value without these fields; what this empties stays, empty, as its owner left it. */
export function withoutFields(shape: FieldShape, value: unknown, fields: FieldSet, path: FieldPath = []): unknown {
  const parts = children(shape, value)
  if (!parts || isEmpty(value)) return value
  const kept = parts
    .map((child) => ({ child, childPath: [...path, child.element] }))
    .filter(({ childPath }) => !fields.has(member(childPath)))
    .map(({ child, childPath }) => ({ ...child, value: withoutFields(child.shape, child.value, fields, childPath) }))
  return assemble(shape, kept)
}
