/** A set of field paths that a manager owns. https://kubernetes.io/docs/reference/using-api/server-side-apply/#field-management */
import { type FieldsV1, isRecord } from '../objects/kubernetes-object.ts'
import type { FieldShape } from './field-shape.ts'
import { children, isEmpty, isLeaf } from './field-tree.ts'

export type FieldPath = readonly string[]

/** Paths as JSON, so that equal paths are one member. */
export type FieldSet = ReadonlySet<string>

export const member = (path: FieldPath): string => JSON.stringify(path)
export const pathOf = (text: string): FieldPath => JSON.parse(text)

export const union = (one: FieldSet, other: FieldSet): FieldSet => new Set([...one, ...other])
export const intersection = (one: FieldSet, other: FieldSet): FieldSet =>
  new Set([...one].filter((path) => other.has(path)))
export const difference = (one: FieldSet, other: FieldSet): FieldSet =>
  new Set([...one].filter((path) => !other.has(path)))

/** The fields that an applied value claims: leaves, list items, and empty maps. */
export function claimedFields(shape: FieldShape, value: unknown, path: FieldPath = []): FieldSet {
  const claimed = new Set<string>()
  for (const child of children(shape, value) ?? []) {
    const childPath = [...path, child.element]
    const isItem = shape.is === 'set' || shape.is === 'keyed'
    // An empty map is a claim, an empty list is not.
    const isEmptyMap = isRecord(child.value) && isEmpty(child.value)
    if (isItem || isEmptyMap || isLeaf(child.shape)) claimed.add(member(childPath))
    for (const inner of claimedFields(child.shape, child.value, childPath)) claimed.add(inner)
  }
  return difference(claimed, neverOwned)
}

/** Fields that identify an object or that only the server sets have no owner. */
export const neverOwned: FieldSet = new Set(
  [
    ['f:apiVersion'],
    ['f:kind'],
    ['f:metadata'],
    ...['name', 'namespace', 'uid', 'resourceVersion', 'creationTimestamp', 'managedFields', 'generation'].map(
      (name) => ['f:metadata', `f:${name}`],
    ),
  ].map(member),
)

/** In the order of the API: at each level first owned fields, then parents of owned fields. */
export const inOrder = (fields: FieldSet): FieldPath[] => [...fields].map(pathOf).toSorted(comparePaths)

function comparePaths(one: FieldPath, other: FieldPath): number {
  const at = one.findIndex((element, depth) => element !== other[depth])
  if (at < 0) return one.length - other.length
  const [isEnd, isOtherEnd] = [one.length === at + 1, other.length === at + 1]
  if (isEnd !== isOtherEnd) return isEnd ? -1 : 1
  return (one[at] ?? '') < (other[at] ?? '') ? -1 : 1
}

type Tree = { [element: string]: Tree }

/** To the nested format of the API, where `.` marks a field that is owned in addition to its content. */
export function encodeFields(fields: FieldSet): FieldsV1 {
  const root: Tree = {}
  for (const path of [...fields].map(pathOf).toSorted((one, other) => one.length - other.length)) {
    let node = root
    for (const element of path.slice(0, -1)) node = node[element] ??= {}
    node[path.at(-1) ?? '.'] ??= {}
  }
  for (const path of [...fields].map(pathOf)) {
    const node = path.reduce<Tree>((parent, element) => parent[element] ?? {}, root)
    if (Object.keys(node).length > 0) node['.'] = {}
  }
  return root
}

/** From the nested format of the API. */
export function decodeFields(fields: FieldsV1, path: FieldPath = []): FieldSet {
  const decoded = new Set<string>()
  for (const [element, inner] of Object.entries(fields)) {
    if (element === '.') decoded.add(member(path))
    else if (Object.keys(inner).length === 0) decoded.add(member([...path, element]))
    else for (const deeper of decodeFields(inner, [...path, element])) decoded.add(deeper)
  }
  return decoded
}

/** A path as in messages of the API: `.data..dockerconfigjson`, `.metadata.finalizers[="a"]`. */
export const printPath = (path: FieldPath): string =>
  path
    .map((element) => {
      if (element.startsWith('f:')) return `.${element.slice(2)}`
      if (element.startsWith('v:')) return `[=${element.slice(2)}]`
      const key: Record<string, unknown> = JSON.parse(element.slice(2))
      const parts = Object.entries(key).map(([name, value]) => `${name}=${JSON.stringify(value)}`)
      return `[${parts.join(',')}]`
    })
    .join('')
