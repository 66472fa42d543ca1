/** A field of a map that may be none, as the text that selectors and rules compare: '' where it is absent or no scalar. */
import { isRecord } from './kubernetes-object.ts'

export function textField(fields: unknown, name: string): string {
  const value = isRecord(fields) ? fields[name] : undefined
  return typeof value === 'string' || typeof value === 'number' || typeof value === 'boolean' ? String(value) : ''
}
