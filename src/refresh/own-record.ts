/**
 * What a pull secret records about itself, where the field manager of its document wrote it: changing a field takes it from
 * its owner, so an owned field holds what its owner wrote, even if others claim the same value. Pure.
 * https://kubernetes.io/docs/reference/using-api/server-side-apply/#field-management
 */
import { type PullSecretRecord, parseRecord, recordAnnotations } from '../credential/pull-secret-record.ts'
import { type Document, documentName } from '../document/document.ts'
import { environmentSource } from '../document/load-documents.ts'
import { fieldManager } from '../kubernetes/objects/apply-pull-secret.ts'
import type { PullSecretMetadata } from '../kubernetes/objects/pull-secrets.ts'

/** Whether the manager wrote each part of the record. */
export const ownsRecord = ({ owners }: Pick<PullSecretMetadata, 'owners'>, manager: string): boolean =>
  recordAnnotations.every((name) => owners.annotations.get(name)?.includes(manager) === true)

/** undefined where another manager wrote the credential, or part of the record. */
export function ownRecord(found: PullSecretMetadata, manager: string): PullSecretRecord | undefined {
  const isOurs = found.owners.data.includes(manager) && ownsRecord(found, manager)
  return isOurs ? parseRecord(found.annotations) : undefined
}

const fromVariables = 'environment/'

/** A document's name in the record of its Secrets: `ClusterPullSecret/NAME`; `environment/NAME` where variables describe it. */
export const recordedName = (document: Document): string =>
  document.source === environmentSource ? `${fromVariables}${document.name}` : documentName(document)

/**
 * The manager of the variables that a document replaces: a cluster that moves from the variables to a document of another
 * name keeps its Secrets. One way only, so that the two never take a Secret from each other in turn; and not for a tenant's
 * document, which must not take over a Secret of the cluster.
 * undefined where the Secret was not written from variables, or another manager owns part of it.
 */
export function replacedManager(document: Document, found: PullSecretMetadata): string | undefined {
  const { kind, secretName, source } = document
  if (source === environmentSource || kind !== 'ClusterPullSecret') return undefined
  const manager = fieldManager({ kind, name: secretName }) // variables name a document after its Secret
  const [owner, ...others] = found.owners.data
  if (owner !== manager || others.length > 0 || manager === fieldManager(document)) return undefined
  return ownRecord(found, manager)?.document.startsWith(fromVariables) ? manager : undefined
}

/** The record that counts for a document: its own, or that of the variables that it replaces. */
export const recordFor = (document: Document, found: PullSecretMetadata): PullSecretRecord | undefined =>
  ownRecord(found, replacedManager(document, found) ?? fieldManager(document))
