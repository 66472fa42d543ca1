/** Checks a value by the schema of its kind: undeclared fields are an error in an apply and dropped in other writes. */
import { isRecord } from '../objects/kubernetes-object.ts'
import type { FieldShape } from './field-shape.ts'
import { assemble, children, isEmpty } from './field-tree.ts'

/** The API's message for the first error (`.foo: field not declared in schema`), or undefined. */
export function shapeError(shape: FieldShape, value: unknown, path = ''): string | undefined {
  if (shape.is === 'text' && typeof value !== 'string') {
    return `${path}: expected string, got &value.valueUnstructured{Value:${JSON.stringify(value)}}`
  }
  for (const child of children(shape, value) ?? []) {
    const childPath = child.element.startsWith('f:') ? `${path}.${child.element.slice(2)}` : path
    if (!isDeclared(shape, child.element)) return `${childPath}: field not declared in schema`
    const error = shapeError(child.shape, child.value, childPath)
    if (error) return error
  }
  return undefined
}

/** The value without undeclared fields, and without nulls. */
export function declaredFields(shape: FieldShape, value: unknown): unknown {
  const parts = children(shape, value)
  if (!parts || !(isRecord(value) || Array.isArray(value))) return value
  const declared = parts
    .filter(({ element, value: part }) => part !== null && isDeclared(shape, element))
    .map((child) => ({ ...child, value: declaredFields(child.shape, child.value) }))
  return isEmpty(value) ? value : assemble(shape, declared)
}

const isDeclared = (shape: FieldShape, element: string): boolean =>
  shape.is !== 'struct' || Object.hasOwn(shape.fields, element.slice(2))
