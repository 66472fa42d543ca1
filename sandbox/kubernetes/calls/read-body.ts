/** Request bodies: JSON, YAML or protobuf, with the size limit of the API. */
import { parse } from 'yaml'
import type { SandboxRequest } from '../../serve/handler.ts'
import { isRecord } from '../objects/kubernetes-object.ts'
import { decodeObject } from '../protobuf/decode-object.ts'
import { badRequest, tooLarge, unsupportedMediaType } from './status-error.ts'

const maxBytes = 3 * 1024 * 1024

const protobuf = 'application/vnd.kubernetes.protobuf'
const bodyTypes = ['application/json', 'application/yaml', protobuf]

/** The expected type of a body; the short name of the group is for error messages. */
export interface BodyKind {
  readonly apiVersion: string
  readonly kind: string
  readonly group: string
}

/** The body of a POST or PUT; if it has a kind, it must be this one. `{}` if it is empty. @throws StatusError 400, 413, 415 */
export function readBody(request: SandboxRequest, expected: BodyKind): Record<string, unknown> {
  const body = readMap(request, expected.kind)
  const [apiVersion, kind] = [
    printed(body['apiVersion'] ?? expected.apiVersion),
    printed(body['kind'] ?? expected.kind),
  ]
  if (apiVersion === expected.apiVersion && kind === expected.kind) return body
  const why = `converting (${apiVersion}.${kind}) to (${expected.group}.${expected.kind}): unknown conversion`
  throw badRequest(`${kind} in version "${apiVersion}" cannot be handled as a ${expected.kind}: ${why}`)
}

/** A body that is a map, or empty. @throws StatusError 400, 413, 415 */
export function readMap(request: SandboxRequest, kind: string): Record<string, unknown> {
  const type = mediaType(request)
  if (type && !bodyTypes.includes(type)) throw unsupportedMediaType(bodyTypes)
  if (request.body.length === 0) return {}
  const value = type === protobuf ? parseProtobuf(request) : parseBody(request)
  if (!isRecord(value)) throw badRequest(unrecognized(kind))
  return value
}

/** The parsed body, regardless of its media type: YAML includes JSON. @throws StatusError 400, 413 */
export function parseBody({ body }: SandboxRequest): unknown {
  if (body.length > maxBytes) throw tooLarge(maxBytes)
  const text = body.toString()
  try {
    return JSON.parse(text)
  } catch {
    return parseYaml(text)
  }
}

function parseProtobuf({ body }: SandboxRequest): unknown {
  if (body.length > maxBytes) throw tooLarge(maxBytes)
  try {
    return decodeObject(body)
  } catch (cause) {
    throw Object.assign(badRequest(`provided data does not appear to be a protobuf message: ${messageOf(cause)}`), {
      cause,
    })
  }
}

const unrecognized = (kind: string): string => `the object provided is unrecognized (must be of type ${kind})`

const messageOf = (cause: unknown): string => (cause instanceof Error ? cause.message : 'unreadable')

const printed = (value: unknown): string => (typeof value === 'string' ? value : JSON.stringify(value))

export const mediaType = ({ headers }: SandboxRequest): string =>
  (headers['content-type'] ?? '').split(';')[0]?.trim() ?? ''

function parseYaml(text: string): unknown {
  try {
    return parse(text, { version: '1.1' }) // in which an unquoted y is true, as in the API server
  } catch (cause) {
    throw Object.assign(badRequest(`error decoding YAML: ${messageOf(cause)}`), { cause })
  }
}
