/** Strategic merge patch for the served kinds: a merge patch in which some lists are merged by a key or by value.
 *  https://kubernetes.io/docs/tasks/manage-kubernetes-objects/update-api-object-kubectl-patch/ */
import { isRecord } from '../objects/kubernetes-object.ts'

type MergeKeys = Readonly<Record<string, string>>

export function applyStrategicMergePatch(target: unknown, patch: unknown, mergeKeys: MergeKeys): unknown {
  if (!isRecord(patch)) return patch
  if (patch['$patch'] === 'replace') return withoutDirectives(patch)
  const merged = { ...(isRecord(target) ? target : {}) }
  for (const [name, value] of Object.entries(withoutDirectives(patch))) {
    const key = mergeKeys[name]
    const primitives = /^\$deleteFromPrimitiveList\/(.+)$/.exec(name)?.[1]
    if (primitives) merged[primitives] = listOf(merged[primitives]).filter((item) => !listOf(value).includes(item))
    else if (value === null) delete merged[name]
    else if (key !== undefined && Array.isArray(value))
      merged[name] = mergeLists(merged[name], value, { key, mergeKeys })
    else merged[name] = applyStrategicMergePatch(merged[name], value, mergeKeys)
  }
  return merged
}

function mergeLists(target: unknown, patch: readonly unknown[], by: { key: string; mergeKeys: MergeKeys }): unknown[] {
  const keyOf = (item: unknown): unknown => (isRecord(item) ? item[by.key] : item)
  const isDeleted = (item: unknown): boolean => isRecord(item) && item['$patch'] === 'delete'
  const patches = new Map(patch.map((item) => [keyOf(item), item]))
  const items = new Map(listOf(target).map((item) => [keyOf(item), item]))
  const isNew = (key: unknown): boolean => !items.has(key)
  // New items precede items that are not in the patch; without new items the order is kept.
  const keys = [...patches.keys()].some(isNew) ? [...patches.keys(), ...items.keys()] : [...items.keys()]
  return [...new Set(keys)]
    .filter((key) => !isDeleted(patches.get(key)))
    .map((key) => applyStrategicMergePatch(items.get(key), patches.get(key) ?? items.get(key), by.mergeKeys))
}

const listOf = (value: unknown): readonly unknown[] => (Array.isArray(value) ? value : [])

/** `$setElementOrder/…` and `$retainKeys` concern orders and unions, which the served kinds do not have. */
const withoutDirectives = (patch: Record<string, unknown>): Record<string, unknown> =>
  Object.fromEntries(Object.entries(patch).filter(([name]) => !name.startsWith('$') || name.startsWith('$deleteFrom')))
