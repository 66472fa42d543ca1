/** Strategic merge patch, as far as the served kinds need it: a merge patch in which some lists merge by a key, or by their items themselves.
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
    else if (key && Array.isArray(value)) merged[name] = mergeLists(merged[name], value, { key, mergeKeys })
    else merged[name] = applyStrategicMergePatch(merged[name], value, mergeKeys)
  }
  return merged
}

function mergeLists(target: unknown, patch: readonly unknown[], by: { key: string; mergeKeys: MergeKeys }): unknown[] {
  const keyOf = (item: unknown): unknown => (isRecord(item) ? item[by.key] : item)
  const merged = new Map(listOf(target).map((item): [unknown, unknown] => [keyOf(item), item]))
  for (const item of patch) {
    if (isRecord(item) && item['$patch'] === 'delete') merged.delete(keyOf(item))
    else merged.set(keyOf(item), applyStrategicMergePatch(merged.get(keyOf(item)), item, by.mergeKeys))
  }
  return [...merged.values()]
}

const listOf = (value: unknown): readonly unknown[] => (Array.isArray(value) ? value : [])

/** `$setElementOrder/…` and `$retainKeys` steer orders and unions, of which there are none here. */
const withoutDirectives = (patch: Record<string, unknown>): Record<string, unknown> =>
  Object.fromEntries(Object.entries(patch).filter(([name]) => !name.startsWith('$') || name.startsWith('$deleteFrom')))
