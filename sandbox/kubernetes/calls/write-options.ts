/** The query of a write: field manager, dry run, force.
 *  https://kubernetes.io/docs/reference/using-api/api-concepts/#dry-run */
import type { SandboxRequest } from '../../serve/handler.ts'
import { isTrue } from './api-call.ts'
import { forbiddenValue, invalid, requiredValue, type StatusCause, tooLong } from './status-error.ts'

export interface WriteOptions {
  /** From `fieldManager`; by default the User-Agent up to its first slash. */
  readonly manager: string
  readonly mode: 'write' | 'dry-run'
  readonly conflicts: 'refuse' | 'force'
}

const maxManagerBytes = 128

/** @throws StatusError 422 */
export function readWriteOptions(
  { query, headers }: SandboxRequest,
  kind: 'CreateOptions' | 'UpdateOptions' | 'PatchOptions' | 'ApplyOptions',
): WriteOptions {
  const manager = query.get('fieldManager') ?? ''
  const dryRun = query.getAll('dryRun')
  const force = isTrue(query.get('force'))
  const causes: StatusCause[] = []
  if (kind === 'ApplyOptions' && !manager) causes.push(requiredValue('fieldManager', 'is required for apply patch'))
  if (kind !== 'ApplyOptions' && query.has('force')) {
    causes.push(forbiddenValue('force', 'may not be specified for non-apply patch'))
  }
  if (Buffer.byteLength(manager) > maxManagerBytes) causes.push(tooLong('fieldManager', maxManagerBytes))
  if (dryRun.some((value) => value !== 'All')) {
    const message = `Unsupported value: ${JSON.stringify(dryRun)}: supported values: "All"`
    causes.push({ reason: 'FieldValueNotSupported', message, field: 'dryRun' })
  }
  const subject = { name: '', group: 'meta.k8s.io', kind: kind === 'ApplyOptions' ? 'PatchOptions' : kind }
  if (causes.length > 0) throw invalid(subject, causes)
  return {
    manager: manager || (headers['user-agent'] ?? '').split('/')[0]?.slice(0, maxManagerBytes) || 'unknown',
    mode: dryRun.length > 0 ? 'dry-run' : 'write',
    conflicts: force ? 'force' : 'refuse',
  }
}
