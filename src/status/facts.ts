/**
 * What the metadata of a pull secret states about it, whatever the time. Of 10,000 Secrets most have the same credential: equal
 * parts are one object.
 */
import { type PullSecretRecord, parseRecord, recordAnnotations } from '../credential/pull-secret-record.ts'
import { brokenRule, registryHost } from '../document/field-rules.ts'
import { labelName } from '../document/kubernetes-names.ts'
import { isDocumentManager } from '../kubernetes/objects/apply-pull-secret.ts'
import type { AnyPullSecret } from '../kubernetes/objects/pull-secrets.ts'
import { ownRecord } from '../refresh/own-record.ts'

export interface PullSecretFacts {
  readonly namespace: string
  readonly name: string
  /** Field managers that own the credential. */
  readonly managers: readonly string[]
  readonly createdAt: Date | undefined
  readonly writtenAt: Date | undefined
  readonly deleting: boolean
  readonly origin: Origin
}

export type Origin =
  /** pullpass wrote the credential, and the record describes it. */
  | { readonly kind: 'ours'; readonly record: Omit<PullSecretRecord, 'target'> }
  /** It has no annotation of pullpass. */
  | { readonly kind: 'other' }
  /** A replicator copied it with its annotations. `of`: undefined if they do not name a Secret. */
  | { readonly kind: 'copy'; readonly of: string | undefined }
  /** Another client changed what pullpass wrote. */
  | { readonly kind: 'edited'; readonly part: 'credential' | 'annotations' }
  /** The annotations are not of a form that this version writes. */
  | { readonly kind: 'unreadable' }

/** A function for many Secrets. */
export function createFactsReader(): (secret: AnyPullSecret) => PullSecretFacts {
  const records = share<Origin>()
  const lists = share<readonly string[]>()
  const texts = share<string>()
  const instants = share<Date>()
  const instantOf = (at: Date | undefined) => at && instants(String(at.getTime()), () => at)
  return (secret) => {
    const { namespace, name, owners, createdAt, writtenAt, deleting } = secret
    const origin = originOf(secret)
    return {
      namespace,
      name: texts(name, () => name),
      managers: lists(JSON.stringify(owners.data), () => owners.data),
      createdAt: instantOf(createdAt),
      writtenAt: instantOf(writtenAt),
      deleting,
      origin: records(origin.kind === 'ours' ? recordKey(secret) : JSON.stringify(origin), () => origin),
    }
  }
}

const recordKey = ({ annotations }: AnyPullSecret) =>
  JSON.stringify(recordAnnotations.map((name) => (name === 'pullpass.dev/target' ? undefined : annotations[name])))

/** Larger values are not shared: others choose their size. Characters. */
const largestKey = 4096
const mostKeys = 10_000

/** The first value with the key; some are forgotten, so that it stays small. */
function share<Value>(): (key: string, create: () => Value) => Value {
  const known = new Map<string, Value>()
  return (key, create) => {
    const found = known.get(key)
    if (found !== undefined) return found
    const value = create()
    if (known.size >= mostKeys) known.clear()
    if (key.length <= largestKey) known.set(key, value)
    return value
  }
}

/** NAMESPACE/NAME; longer text names no Secret. */
const longestName = 63 + 1 + 253

function originOf(secret: AnyPullSecret): Origin {
  const { annotations, owners, namespace, name } = secret
  if (!recordAnnotations.some((annotation) => annotations[annotation] !== undefined)) return { kind: 'other' }
  const target = annotations['pullpass.dev/target']
  if (target !== undefined && target !== `${namespace}/${name}`) {
    return { kind: 'copy', of: target.length > longestName ? undefined : target }
  }
  const writers = owners.data.filter(isDocumentManager)
  if (writers.length === 0) return { kind: 'edited', part: 'credential' }
  const record = writers.map((manager) => ownRecord(secret, manager)).find((one) => one !== undefined)
  if (record?.registries.size === 0) return { kind: 'edited', part: 'annotations' } // pullpass writes none without an entry
  if (record !== undefined && isBounded(record)) {
    const { document, refreshedAt, registries } = record
    return { kind: 'ours', record: { document, refreshedAt, registries } }
  }
  const isParsed = parseRecord(annotations) !== undefined
  return record === undefined && isParsed ? { kind: 'edited', part: 'annotations' } : { kind: 'unreadable' }
}

/** A client that may write a Secret can also choose the name of a field manager: names are shown only as documents can contain them. */
const isBounded = ({ document, registries }: PullSecretRecord): boolean =>
  document.length <= 'ClusterPullSecret/'.length + longestName &&
  [...registries].every(
    ([name, { hosts }]) =>
      brokenRule(labelName, name) === undefined && hosts.every((host) => brokenRule(registryHost, host) === undefined),
  )
