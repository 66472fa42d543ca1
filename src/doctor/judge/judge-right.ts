/** Whether who asks has one right: pure. */
import type { NamespacedName } from '../../document/document.ts'
import { PullpassError } from '../../errors/pullpass-error.ts'
import type { AccessQuestion } from '../../kubernetes/objects/review-access.ts'
import { type Finding, failureOf } from '../finding.ts'
import type { RightFacts } from '../gather/gather-rights.ts'
import { notTried } from '../not-tried.ts'
import { type MendingCommands, setsBack } from '../remedy/mending-commands.ts'

interface JudgeRight {
  readonly commands: MendingCommands
  /** Where pullpass runs, if that is known. */
  readonly namespace: string | undefined
  readonly before: readonly Finding[]
}

export function judgeRight(
  { question, answer, whose }: RightFacts,
  { commands, namespace, before }: JudgeRight,
): Finding {
  const about = nameRight(question)
  const { namespace: place } = question
  const alike = nameUse(question)
  const base = { hop: 'rights', about, ...(place !== undefined && { namespace: place, alike }) } as const
  if (answer === 'allowed') return { ...base, result: 'ok', code: 'OK', seen: `allowed to ${nameHolder(whose)}` }
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
    result: whose?.known === 'guessed' ? 'warning' : 'failed',
    code: 'PERMISSION_MISSING',
    seen: `${nameHolder(whose)} may not ${about}`,
    expected: `the rule {apiGroups: [""], resources: [${resource}]${names}, verbs: [${verb}]} in a ${where === undefined ? 'ClusterRole' : `Role of ${where}`}`,
    remedy: {
      command: commands.install(whose?.namespace ?? namespace),
      words: `grants exactly the rights that these documents need, to the ServiceAccount that it makes; ${setsBack}${whose?.known === 'guessed' ? '; if another account refreshes, name it: --service-account NAMESPACE/NAME' : ''}`,
    },
  }
}

const nameHolder = (whose: NamespacedName | undefined) =>
  whose === undefined ? 'who asks here' : `service account ${whose.namespace}/${whose.name}`

/** `list secrets regcred in team-a`. */
function nameRight({ verb, resource, name, namespace }: AccessQuestion): string {
  return `${nameUse({ verb, resource, name })} in ${namespace ?? 'the whole cluster'}`
}

/** `list secrets regcred`. */
const nameUse = ({ verb, resource, name }: AccessQuestion): string =>
  name === undefined ? `${verb} ${resource}` : `${verb} ${resource} ${name}`
