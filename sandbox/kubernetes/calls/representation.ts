/** Content negotiation: the whole object, or only its metadata.
 *  https://kubernetes.io/docs/reference/using-api/api-concepts/#alternate-representations-of-resources */
import type { SandboxResponse } from '../../serve/handler.ts'
import type { StoredObject } from '../objects/kubernetes-object.ts'
import type { ApiCall } from './api-call.ts'
import { notAcceptable, type Status, unroutable } from './status-error.ts'

export type Representation = 'object' | 'metadata'

const jsonTypes = ['application/json', 'application/*', '*/*']
const served = ['application/json', 'application/yaml', 'application/vnd.kubernetes.protobuf']
const streams = ['application/json;stream=watch', 'application/vnd.kubernetes.protobuf;stream=watch']

/** The first representation of the Accept header that is served; a Table is skipped, and kubectl then renders its own. */
export function negotiateRepresentation({ verb, request }: Pick<ApiCall, 'verb' | 'request'>): Representation {
  const { accept } = request.headers
  const types = (accept ?? '*/*').split(',').map((type) => type.split(';')[0]?.trim() ?? '')
  if (!types.some((type) => jsonTypes.includes(type) || served.includes(type))) {
    const known = verb === 'list' || verb === 'watch' ? [...served, ...streams] : served
    throw unroutable(406, `Not Acceptable\n\nAvailable representations: ${known.join(', ')}`)
  }
  for (const range of (accept ?? '*/*').split(',')) {
    const [type = '', ...parameters] = range.split(';').map((part) => part.trim())
    const as = parameters.find((parameter) => parameter.startsWith('as='))?.slice(3)
    const isJson = jsonTypes.includes(type)
    if (isJson && as === undefined) return 'object'
    if (isJson && (as === 'PartialObjectMetadata' || as === 'PartialObjectMetadataList')) return 'metadata'
  }
  throw notAcceptable(served)
}

export const renderObject = (object: StoredObject, representation: Representation): object =>
  representation === 'object'
    ? object
    : { kind: 'PartialObjectMetadata', apiVersion: 'meta.k8s.io/v1', metadata: object.metadata }

export const json = (status: number, body: object): SandboxResponse => ({ status, headers: apiHeaders, body })

export function statusResponse(status: Status & { readonly code: number }): SandboxResponse {
  const { code, details: { retryAfterSeconds } = {} } = status
  const wait = retryAfterSeconds === undefined ? {} : { 'retry-after': String(retryAfterSeconds) }
  return { ...json(code, status), headers: { ...apiHeaders, ...wait } }
}

export const apiHeaders: Readonly<Record<string, string>> = {
  'content-type': 'application/json',
  'cache-control': 'no-cache, private',
}
