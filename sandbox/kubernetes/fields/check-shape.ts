/** What a kind's schema says to a value: an apply with a field that is not declared is refused, other writes lose it. */
import { isRecord } from '../objects/kubernetes-object.ts'
import type { FieldShape } from './field-shape.ts'
import { assemble, children, isEmpty } from './field-tree.ts'

/** The first mistake in the API's words (`.foo: field not declared in schema`), or undefined. */
export function shapeMistake(shape: FieldShape, value: unknown, path = ''): string | undefined {
  if (shape.is === 'text' && typeof value !== 'string') {
    return `${path}: expected string, got &value.valueUnstructured{Value:${JSON.stringify(value)}}`
  }
  for (const child of children(shape, value) ?? []) {
    const childPath = child.element.startsWith('f:') ? `${path}.${child.element.slice(2)}` : path
    if (!isDeclared(shape, child.element)) return `${childPath}: field not declared in schema`
    const mistake = shapeMistake(child.shape, child.value, childPath)
    if (mistake) return mistake
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
