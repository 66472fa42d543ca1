/** JSON Merge Patch, RFC 7386: maps are merged, null removes a field, everything else is replaced. */
import { isRecord } from '../objects/kubernetes-object.ts'

export function applyMergePatch(target: unknown, patch: unknown): unknown {
  if (!isRecord(patch)) return patch
  const merged = { ...(isRecord(target) ? target : {}) }
  for (const [name, value] of Object.entries(patch)) {
    if (value === null) delete merged[name]
    else merged[name] = applyMergePatch(merged[name], value)
  }
  return merged
}
