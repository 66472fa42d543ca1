/** What a list by name found in one namespace. */
import type { Listed } from './list-by-name.ts'

/** @throws why that namespace could not be looked into */
export function foundIn<T>({ found, faults }: Listed<T>, namespace: string): T | undefined {
  const fault = faults.get(namespace)
  if (fault !== undefined) throw fault
  return found.get(namespace)
}
