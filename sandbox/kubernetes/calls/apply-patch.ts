/** JSON Patch, RFC 6902: add, remove, replace and test, where a failed test is 422, as in the API, not 409; and merge patches. */
import { isDeepStrictEqual } from 'node:util'
import { isRecord } from '../objects/kubernetes-object.ts'
import { badRequest, StatusError } from './status-error.ts'

interface Operation {
  readonly op: string
  readonly path: string
  readonly value: unknown
}

export function applyJsonPatch(target: object, patch: unknown): unknown {
  if (!Array.isArray(patch)) throw badRequest('a JSON patch is a list of operations')
  const patched: unknown = structuredClone(target)
  for (const operation of patch.map(readOperation)) applyOperation(patched, operation)
  return patched
}

function readOperation(value: unknown): Operation {
  if (!isRecord(value)) throw badRequest('a JSON patch operation is a map')
  const { op, path, value: operand } = value
  if (typeof op !== 'string' || typeof path !== 'string')
    throw badRequest('a JSON patch operation has an op and a path')
  return { op, path, value: operand }
}

function applyOperation(root: unknown, { op, path, value }: Operation): void {
  const keys = path
    .split('/')
    .slice(1)
    .map((key) => key.replaceAll('~1', '/').replaceAll('~0', '~'))
  const last = keys.pop() ?? ''
  const parent = keys.reduce<unknown>((node, key) => member(node, key), root)
  const found = member(parent, last)
  if (op === 'test') {
    if (!isDeepStrictEqual(found, value)) throw unprocessable()
    return
  }
  if (typeof parent !== 'object' || parent === null || (op === 'remove' && found === undefined)) {
    throw unprocessable()
  }
  if (Array.isArray(parent)) {
    const at = last === '-' ? parent.length : Number(last)
    parent.splice(at, op === 'add' ? 0 : 1, ...(op === 'remove' ? [] : [value]))
  } else if (op === 'remove') Reflect.deleteProperty(parent, last)
  else Reflect.set(parent, last, value)
}

const member = (node: unknown, key: string): unknown =>
  Array.isArray(node) ? node[Number(key)] : isRecord(node) ? node[key] : undefined

/** The API reports neither the failed operation nor the reason. */
const unprocessable = (): StatusError =>
  new StatusError(422, 'Invalid', 'the server rejected our request due to an error in our request', {})

/** JSON Merge Patch, RFC 7386: maps are merged, null removes a field, everything else is replaced. */
export function applyMergePatch(target: unknown, patch: unknown): unknown {
  if (!isRecord(patch)) return patch
  const merged = { ...(isRecord(target) ? target : {}) }
  for (const [name, value] of Object.entries(patch)) {
    if (value === null) delete merged[name]
    else merged[name] = applyMergePatch(merged[name], value)
  }
  return merged
}

/** Strategic merge patch for the served kinds: a merge patch in which some lists are merged by a key or by value.
 *  https://kubernetes.io/docs/tasks/manage-kubernetes-objects/update-api-object-kubectl-patch/ */
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
