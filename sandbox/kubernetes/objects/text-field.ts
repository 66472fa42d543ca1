/** A field as text, for selectors and validation: '' if the value is not a map, or the field is absent or not a scalar. */
import { isRecord } from './kubernetes-object.ts'

export function textField(fields: unknown, name: string): string {
  const value = isRecord(fields) ? fields[name] : undefined
  return typeof value === 'string' || typeof value === 'number' || typeof value === 'boolean' ? String(value) : ''
}
