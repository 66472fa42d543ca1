/** POST to a collection. */
import type { SandboxResponse } from '../../serve/handler.ts'
import type { Cluster } from '../cluster.ts'
import { isRecord, type KubernetesObject } from '../objects/kubernetes-object.ts'
import { type ApiCall, objectSubjectOf, subjectOf } from './api-call.ts'
import { readSentObject } from './read-sent-object.ts'
import { json, negotiateRepresentation, renderObject } from './representation.ts'
import { alreadyExists, internalError, invalid, invalidValue, requiredValue } from './status-error.ts'
import { writeObject } from './write-object.ts'
import { readWriteOptions } from './write-options.ts'

export function createObject(cluster: Cluster, collection: ApiCall): SandboxResponse {
  const form = negotiateRepresentation(collection)
  const options = readWriteOptions(collection.request, 'CreateOptions')
  const sent = readSentObject(collection)
  const call = { ...collection, name: chooseName(cluster, collection, sent) }
  if (sent.metadata.resourceVersion) throw internalError('resourceVersion should not be set on objects to be created')
  const existing = cluster.store.read(call.kind.kind, call.namespace, call.name)
  if (existing) throw alreadyExists(subjectOf(call), existing.metadata.deletionTimestamp ? 'terminating' : 'active')
  return json(201, renderObject(writeObject(cluster, call, { before: undefined, after: sent }, options), form))
}

const isName = (name: string): boolean =>
  name.length <= 253 && /^[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*$/.test(name)

const nameRule =
  "a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '-' or '.', and must start and end with an alphanumeric character (e.g. 'example.com', regex used for validation is '[a-z0-9]([-a-z0-9]*[a-z0-9])?(\\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*')"

function chooseName({ newUid }: Cluster, { kind }: ApiCall, { metadata }: KubernetesObject): string {
  const prefix = isRecord(metadata) ? metadata['generateName'] : undefined
  const name = metadata.name || (typeof prefix === 'string' ? `${prefix}${newUid().slice(0, 5)}` : '')
  const subject = objectSubjectOf({ kind, name })
  if (!name) throw invalid(subject, [requiredValue('metadata.name', 'name or generateName is required')])
  if (!isName(name)) throw invalid(subject, [invalidValue('metadata.name', name, nameRule)])
  return name
}
