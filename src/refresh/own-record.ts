/**
 * What a pull secret says of itself, where our manager wrote it: whoever changes a field takes it from its owner, so that
 * an owned one holds what its owner wrote, whoever else claims the same value.
 * https://kubernetes.io/docs/reference/using-api/server-side-apply/#field-management
 */
import { type PullSecretRecord, parseRecord, recordAnnotations } from '../credential/pull-secret-record.ts'
import type { PullSecretMetadata } from '../kubernetes/pull-secret-metadata.ts'

/** undefined where somebody else wrote the credential, or a word of what is said of it. */
export function ownRecord({ annotations, owners }: PullSecretMetadata, manager: string): PullSecretRecord | undefined {
  const ours =
    owners.data.includes(manager) &&
    recordAnnotations.every((name) => owners.annotations.get(name)?.includes(manager) === true)
  return ours ? parseRecord(annotations) : undefined
}
