/** Request bodies: JSON or YAML, bounded as the API bounds them. */
import { parse } from 'yaml'
import type { SandboxRequest } from '../../serve/handler.ts'
import { isRecord } from '../objects/kubernetes-object.ts'
import { badRequest, tooLarge, unsupportedMediaType } from './status-error.ts'

const mostBytes = 3 * 1024 * 1024

const bodyTypes = ['application/json', 'application/yaml', 'application/vnd.kubernetes.protobuf']

/** What a body must be: its group's short name is for the API's wording. */
export interface BodyKind {
  readonly apiVersion: string
  readonly kind: string
  readonly group: string
}

/** The body of a POST or PUT, of this kind where it names one; `{}` where it is empty. @throws StatusError 400, 413, 415 */
export function readBody(request: SandboxRequest, wanted: BodyKind): Record<string, unknown> {
  const body = readMap(request, wanted.kind)
  const [apiVersion, kind] = [printed(body['apiVersion'] ?? wanted.apiVersion), printed(body['kind'] ?? wanted.kind)]
  if (apiVersion === wanted.apiVersion && kind === wanted.kind) return body
  const why = `converting (${apiVersion}.${kind}) to (${wanted.group}.${wanted.kind}): unknown conversion`
  throw badRequest(`${kind} in version "${apiVersion}" cannot be handled as a ${wanted.kind}: ${why}`)
}

/** A body that is a map, or empty. @throws StatusError 400, 413, 415 */
export function readMap(request: SandboxRequest, kind: string): Record<string, unknown> {
  const type = mediaType(request)
  if (type && !bodyTypes.slice(0, 2).includes(type)) throw unsupportedMediaType(bodyTypes)
  const value = request.body.length === 0 ? {} : parseBody(request)
  if (!isRecord(value)) throw badRequest(`the object provided is unrecognized (must be of type ${kind})`)
  return value
}

/** The body as a value, whatever its type says: YAML holds JSON. @throws StatusError 400, 413 */
export function parseBody({ body }: SandboxRequest): unknown {
  if (body.length > mostBytes) throw tooLarge(mostBytes)
  const text = body.toString()
  try {
    return JSON.parse(text)
  } catch {
    return parseYaml(text)
  }
}

const printed = (value: unknown): string => (typeof value === 'string' ? value : JSON.stringify(value))

export const mediaType = ({ headers }: SandboxRequest): string =>
  (headers['content-type'] ?? '').split(';')[0]?.trim() ?? ''

function parseYaml(text: string): unknown {
  try {
    return parse(text, { version: '1.1' }) // in which an unquoted y is true, as for the API's own reader
  } catch (cause) {
    throw Object.assign(badRequest(`error decoding YAML: ${cause instanceof Error ? cause.message : 'unreadable'}`), {
      cause,
    })
  }
}
