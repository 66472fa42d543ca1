/** Whether who asks has one right: pure. */

import type { AccessQuestion } from '../kubernetes/review-access.ts'
import { PullpassError } from '../outside/pullpass-error.ts'
import { type Finding, failureOf } from './finding.ts'
import type { RightFacts } from './gather-rights.ts'
import type { MendingCommands } from './mending-commands.ts'
import { notTried } from './not-tried.ts'

interface JudgeRight {
  readonly commands: MendingCommands
  /** Where pullpass runs, if that is known. */
  readonly namespace: string | undefined
  readonly before: readonly Finding[]
}

export function judgeRight({ question, answer }: RightFacts, { commands, namespace, before }: JudgeRight): Finding {
  const about = nameRight(question)
  const base = { hop: 'rights', about } as const
  if (answer === 'allowed') return { ...base, result: 'ok', code: 'OK', seen: 'allowed' }
  if (answer instanceof PullpassError) {
    return { ...base, result: 'skipped', code: 'NOT_READABLE', seen: `the API server does not say: ${answer.seen}` }
  }
  const { resource, verb, name, namespace: where } = question
  const request = failureOf(before, 'subject-token')
  if (resource === 'serviceaccounts/token' && request?.code === 'TOKEN_REQUEST_REFUSED')
    return notTried(base.hop, about, request)
  const names = name === undefined ? '' : `, resourceNames: [${name}]`
  return {
    ...base,
    result: 'failed',
    code: 'RIGHT_MISSING',
    seen: `who asks here may not ${about}`,
    expected: `the rule {apiGroups: [""], resources: [${resource}]${names}, verbs: [${verb}]} in a ${where === undefined ? 'ClusterRole' : `Role of ${where}`}`,
    remedy: {
      command: commands.install(namespace),
      words: 'grants exactly the rights that these documents need, to the ServiceAccount that it makes',
    },
  }
}

/** `list secrets regcred in team-a`. */
function nameRight({ verb, resource, name, namespace }: AccessQuestion): string {
  return `${verb} ${resource}${name === undefined ? '' : ` ${name}`} in ${namespace ?? 'the whole cluster'}`
}
