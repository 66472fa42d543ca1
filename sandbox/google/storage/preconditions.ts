/** Preconditions by generation. https://cloud.google.com/storage/docs/request-preconditions */
import type { StoredObject } from './object-store.ts'

/** Evaluates them for the current object; generation 0 means that it does not exist. */
export function preconditions(
  query: URLSearchParams,
  object: StoredObject | undefined,
): 'met' | 'failed' | 'unchanged' {
  const current = object?.generation ?? '0'
  const metageneration = object ? '1' : '0'
  const parameter = (name: string) => query.get(name) ?? undefined
  const matches = [
    [parameter('ifGenerationMatch'), current],
    [parameter('ifMetagenerationMatch'), metageneration],
  ]
  if (matches.some(([expected, found]) => expected !== undefined && expected !== found)) return 'failed'
  return parameter('ifGenerationNotMatch') === current ? 'unchanged' : 'met'
}
