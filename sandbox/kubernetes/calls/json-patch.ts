/** JSON Patch, RFC 6902: add, remove, replace and test. A failed test is 422, as in the API, not 409. */
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
