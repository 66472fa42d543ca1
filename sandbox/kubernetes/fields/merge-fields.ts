/** An apply merges the fields of the applied value and removes those that are no longer applied. */
import { difference, type FieldPath, type FieldSet, member, pathOf, union } from './field-set.ts'
import type { FieldShape } from './field-shape.ts'
import { assemble, type Child, children, isEmpty } from './field-tree.ts'

/** Merges the applied value into the live one: keyed parts by key, leaves and atomic parts as a whole. */
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

/** In the applied order; live items that are not applied keep their position, before their successors and before new items. */
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

/** Fields of an owner that are no longer applied and have no other owner. A map or list without owned content is
 *  removed completely, including content without an owner. */
export function droppedFields(own: FieldSet, owned: FieldSet): FieldSet {
  const members = new Set([...owned].map(pathOf).flatMap(prefixes).map(member))
  const containers = [...own].map(pathOf).flatMap(prefixes).filter(isContainer).map(member)
  return difference(union(own, new Set(containers)), members)
}

/** The path and its parents. */
const prefixes = (path: FieldPath): FieldPath[] => path.map((_, depth) => path.slice(0, depth + 1))

const isContainer = (path: FieldPath): boolean => (path[0] === 'f:metadata' ? path.length === 2 : path.length === 1)

/** The value without these fields; maps and lists that become empty are kept. */
export function withoutFields(shape: FieldShape, value: unknown, fields: FieldSet, path: FieldPath = []): unknown {
  const parts = children(shape, value)
  if (!parts || isEmpty(value)) return value
  const kept = parts
    .map((child) => ({ child, childPath: [...path, child.element] }))
    .filter(({ childPath }) => !fields.has(member(childPath)))
    .map(({ child, childPath }) => ({ ...child, value: withoutFields(child.shape, child.value, fields, childPath) }))
  return assemble(shape, kept)
}
