/** Whether the API server would take what a refresh writes, and store it as it was sent: pure. */
import { hooksIn, nameHook, type SecretHook } from '../../kubernetes/objects/webhooks.ts'
import type { Outcome } from '../../refresh/outcome.ts'
import { failedBy } from '../failed-by.ts'
import { type Finding, failureOf } from '../finding.ts'
import { notTried } from '../not-tried.ts'
import type { MendingCommands } from '../remedy/mending-commands.ts'

export interface JudgeWrite {
  /** All that was found earlier. */
  readonly before: readonly Finding[]
  /** Empty where they may not be read. */
  readonly hooks: readonly SecretHook[]
  /** Of namespaces; empty where they may not be listed. */
  readonly labels: ReadonlyMap<string, Readonly<Record<string, string>>>
  readonly commands: MendingCommands
}

export function judgeWrite(outcome: Outcome, judge: JudgeWrite): Finding {
  const { namespace, secretName, fault, note, rewritten } = outcome
  const { before, commands } = judge
  const about = `Secret ${namespace}/${secretName}`
  const base = { hop: 'write', about, namespace, alike: `Secret ${secretName}`, secret: secretName } as const
  if (rewritten !== undefined) return { ...base, ...judgeRewritten(rewritten, outcome, judge) }
  if (fault === undefined) {
    return {
      ...base,
      result: 'ok',
      code: 'OK',
      seen: `a refresh would write it${note === undefined ? '' : `: ${note}`}`,
    }
  }
  // What is really written may pass: nothing is known of it, and nothing is wrong.
  if (fault.code === 'DRY_RUN_UNSUPPORTED') {
    return { ...base, result: 'skipped', code: fault.code, seen: `a dry run is not possible: ${fault.seen}` }
  }
  const cause = causeOf(fault.code, about, before)
  if (cause !== undefined) return { ...base, ...notTried('write', about, cause) }
  const remedy =
    fault.code === 'NAMESPACE_NOT_FOUND' && namespace !== undefined
      ? { command: commands.kubectl('create', 'namespace', namespace) }
      : {}
  const failed = failedBy('write', about, fault, remedy)
  const asked = fault.code === 'KUBERNETES_UNREACHABLE' ? namesOf(judge, namespace, 'any') : []
  if (asked.length === 0) return { ...base, ...failed }
  const words = `what else it answers, but not this, waits for a webhook that it asks about Secrets: ${asked.join(', ')}`
  return { ...base, ...failed, remedy: { words } }
}

/** What its own findings say already, the API server says once more. */
function causeOf(code: string, about: string, before: readonly Finding[]): Finding | undefined {
  if (code === 'KUBERNETES_FORBIDDEN') return failureOf(before, 'rights')
  const ofSecret = before.find(
    (finding) => finding.hop === 'secret' && finding.about === about && finding.result === 'failed',
  )
  const own = ['SECRET_NOT_OURS', 'SECRET_TYPE_WRONG', 'SECRET_CONFLICT', 'SECRET_IMMUTABLE']
  return own.includes(code) ? ofSecret : undefined
}

function judgeRewritten(
  rewritten: readonly string[],
  { namespace }: Outcome,
  judge: JudgeWrite,
): Omit<Finding, 'hop' | 'about'> {
  const names = namesOf(judge, namespace, 'mutating')
  const { command, words } = judge.commands.refresh()
  const except = 'except this Secret (objectSelector: app.kubernetes.io/managed-by NotIn [pullpass])'
  const fix =
    names.length > 0
      ? `let the operator of ${names.join(', or of ')} ${except}`
      : `find what changes it: ${judge.commands.kubectl('get', 'mutatingwebhookconfigurations', '-o', 'yaml')}; let its operator ${except}`
  return {
    result: 'failed',
    code: 'SECRET_MUTATED',
    seen: `admission changes what a refresh writes: ${rewritten.join(', ')}`,
    expected: 'a Secret that is stored as pullpass sends it: to refresh again changes nothing',
    remedy: { words: `${fix}; then ${command ?? words ?? 'refresh'}` },
  }
}

function namesOf({ hooks, labels }: JudgeWrite, namespace: string | undefined, which: 'mutating' | 'any'): string[] {
  const here = namespace === undefined ? [] : hooksIn(hooks, namespace, labels.get(namespace))
  return here.filter(({ may }) => which === 'any' || may === 'change it').map(nameHook)
}
