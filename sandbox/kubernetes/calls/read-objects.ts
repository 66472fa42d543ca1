/** GET of one object and of a collection. */
import type { SandboxResponse } from '../../serve/handler.ts'
import type { Cluster } from '../cluster.ts'
import { apiVersionOf } from '../kinds/resource-kind.ts'
import { isRecord, type StoredObject } from '../objects/kubernetes-object.ts'
import type { ObjectStore } from '../objects/object-store.ts'
import { type ApiCall, subjectOf } from './api-call.ts'
import { readListOptions } from './read-list-options.ts'
import { json, negotiateRepresentation, type Representation, renderObject } from './representation.ts'
import { readSelector } from './selector.ts'
import { badRequest, expired, notFound } from './status-error.ts'

export function readObject({ store }: Cluster, call: ApiCall): SandboxResponse {
  const form = negotiateRepresentation(call)
  const object = store.read(call.kind.kind, call.namespace, call.name)
  if (!object) throw notFound(subjectOf(call))
  return json(200, renderObject(object, form))
}

// GET of a collection, in pages if a limit is set.
//  https://kubernetes.io/docs/reference/using-api/api-concepts/#retrieving-large-results-sets-in-chunks

/** A continue token, in the format of the API server. */
interface Continuation {
  readonly v: 'meta.k8s.io/v1'
  /** The version of the list; -1 means the newest one. */
  readonly rv: number
  /** The key of the first object that has not been listed. */
  readonly start: string
}

const v = 'meta.k8s.io/v1'

export function listObjects({ store }: Cluster, call: ApiCall): SandboxResponse {
  const { query } = call.request
  const form = negotiateRepresentation(call)
  const options = readListOptions(query, 'list', store)
  const { rv, start } = readContinuation(store, options.continuation)
  const asOf = rv === -1 ? store.resourceVersion : rv
  const selects = readSelector(query, call.kind)
  // Any version: the API server responds from its cache, without pages.
  const limit = options.resourceVersion === '0' ? 0 : options.limit

  const remaining = store
    .list(call.kind.kind, call.namespace, asOf)
    .filter((object) => keyOf(object) >= start)
    .filter(selects)
  const page = remaining.slice(0, limit || remaining.length)
  const last = page.at(-1)
  const isCut = remaining.length > page.length && last !== undefined
  return json(200, {
    ...listHead(call, form),
    metadata: {
      resourceVersion: String(asOf),
      ...(isCut && {
        continue: writeContinuation({ v, rv: asOf, start: `${keyOf(last)}\0` }),
        // Omitted with a selector: the server would have to read all objects.
        ...(!query.get('labelSelector') &&
          !query.get('fieldSelector') && { remainingItemCount: remaining.length - page.length }),
      }),
    },
    items: page.map((object) => renderItem(object, form)),
  })
}

const listHead = ({ kind }: ApiCall, form: Representation) =>
  form === 'metadata'
    ? { kind: 'PartialObjectMetadataList', apiVersion: 'meta.k8s.io/v1' }
    : { kind: `${kind.kind}List`, apiVersion: apiVersionOf(kind) }

/** Items of a typed list do not repeat their kind. */
function renderItem(object: StoredObject, form: Representation): object {
  if (form === 'metadata') return renderObject(object, form)
  const { apiVersion: _, kind: __, ...item } = object
  return item
}

const keyOf = ({ metadata }: StoredObject): string => `${metadata.namespace ?? ''}/${metadata.name}`

const writeContinuation = (continuation: Continuation): string =>
  Buffer.from(JSON.stringify(continuation)).toString('base64url')

/** @throws StatusError 400 for an invalid token, 410 for an expired one */
function readContinuation(store: ObjectStore, token: string): Continuation {
  if (!token) return { v, rv: -1, start: '' }
  const continuation = decodeContinuation(token)
  if (continuation.rv === -1 || store.changesSince(continuation.rv)) return continuation
  throw expired(tooOld, writeContinuation({ ...continuation, rv: -1 }))
}

function decodeContinuation(token: string): Continuation {
  try {
    const value: unknown = JSON.parse(Buffer.from(token, 'base64url').toString())
    if (isRecord(value) && value['v'] === v && typeof value['start'] === 'string' && typeof value['rv'] === 'number') {
      return { v, rv: value['rv'], start: value['start'] }
    }
  } catch {
    // Not JSON: the same error as for other invalid tokens.
  }
  throw badRequest('invalid continue token: continue key is not valid: server does not recognize this encoded version ')
}

const tooOld =
  'The provided continue parameter is too old to display a consistent list result. You can start a new list without the continue parameter, or use the continue token in this response to retrieve the remainder of the results. Continuing with the provided token results in an inconsistent list - objects that were created, modified, or deleted between the time the first chunk was returned and now may show up in the list.'
