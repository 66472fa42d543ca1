/** Whether the API server would take what a refresh writes: pure. */
import type { Outcome } from '../../refresh/outcome.ts'
import { failedBy } from '../failed-by.ts'
import { type Finding, failureOf } from '../finding.ts'
import { notTried } from '../not-tried.ts'
import type { MendingCommands } from '../remedy/mending-commands.ts'

/** `before`: all that was found earlier. */
export function judgeWrite(
  { namespace, secretName, fault, note }: Outcome,
  before: readonly Finding[],
  commands: MendingCommands,
): Finding {
  const about = `Secret ${namespace}/${secretName}`
  const base = { hop: 'write', about, namespace, alike: `Secret ${secretName}` } as const
  if (fault === undefined) {
    return {
      ...base,
      result: 'ok',
      code: 'OK',
      seen: `a refresh would write it${note === undefined ? '' : `: ${note}`}`,
    }
  }
  const cause = causeOf(fault.code, about, before)
  if (cause !== undefined) return { ...base, ...notTried('write', about, cause) }
  const remedy =
    fault.code === 'NAMESPACE_MISSING' && namespace !== undefined
      ? { command: commands.kubectl('create', 'namespace', namespace) }
      : {}
  return { ...base, ...failedBy('write', about, fault, remedy) }
}

/** What its own findings say already, the API server says once more. */
function causeOf(code: string, about: string, before: readonly Finding[]): Finding | undefined {
  if (code === 'KUBERNETES_FORBIDDEN') return failureOf(before, 'rights')
  const ofSecret = before.find(
    (finding) => finding.hop === 'secret' && finding.about === about && finding.result === 'failed',
  )
  return ['SECRET_NOT_OURS', 'SECRET_TYPE_WRONG', 'SECRET_CONFLICT'].includes(code) ? ofSecret : undefined
}
