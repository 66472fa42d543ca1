/** Whether the CronJob that refreshes runs: it is not suspended, and its own image can be pulled. Pure. */

import type { Code } from '../../errors/codes.ts'
import type { CronJobFacts } from '../../kubernetes/objects/cron-jobs.ts'
import { lastWords, parsePullFailure } from '../../kubernetes/objects/pull-failure.ts'
import { quote } from '../../text/quote.ts'
import type { Finding, Remedy } from '../finding.ts'
import { notTried } from '../not-tried.ts'
import { alsoSay } from '../remedy/also-say.ts'
import type { MendingCommands } from '../remedy/mending-commands.ts'
import { pullRemedy } from '../remedy/pull-remedy.ts'
import { waitingForImage } from './judge-kubelet.ts'

/** What a Secret comes to that nothing refreshes. */
const unrefreshed: readonly Code[] = ['SECRET_NOT_FOUND', 'SECRET_EXPIRED', 'SECRET_OUTDATED']

interface JudgeSchedule {
  /** At the hop `secret`. */
  readonly secrets: readonly Finding[]
  /** Of the token that its pod is projected. */
  readonly audience: string | undefined
  readonly commands: MendingCommands
}

/** The finding, and the Secrets that follow from it. */
export function judgeSchedule(facts: CronJobFacts | undefined, judge: JudgeSchedule): Finding[] {
  const { secrets } = judge
  if (facts === undefined) return [...secrets]
  const stale = secrets.filter(({ result, code }) => result === 'failed' && unrefreshed.includes(code))
  const finding = judgeCronJob(facts, stale, judge)
  const followers = secrets.map((one) =>
    finding.result === 'failed' && stale.includes(one)
      ? { ...one, ...notTried(one.hop, one.about, finding), seen: one.seen, expected: undefined, remedy: undefined }
      : one,
  )
  return [finding, ...followers]
}

function judgeCronJob(facts: CronJobFacts, stale: readonly Finding[], judge: JudgeSchedule): Finding {
  const { namespace, name, suspended, pod } = facts
  const about = `CronJob ${namespace}/${name}`
  const base = { hop: 'schedule', about } as const
  const result = stale.length > 0 ? 'failed' : 'warning'
  if (suspended) {
    return {
      ...base,
      result,
      code: 'REFRESH_SUSPENDED',
      seen: 'it is suspended, and refreshes nothing',
      expected: 'a CronJob that runs, unless something else refreshes',
      remedy: resumeRemedy(facts, result, judge),
    }
  }
  const [waiting] = pod === undefined ? [] : waitingForImage(pod)
  if (pod === undefined || waiting === undefined)
    return { ...base, result: 'ok', code: 'OK', seen: 'it is not suspended' }
  const { reason, message } = waiting.waiting
  return {
    ...base,
    result,
    code: 'REFRESH_IMAGE_NOT_PULLED',
    image: waiting.image,
    seen: `its pod ${pod.name} waits in ${reason} for its own image ${waiting.image}: ${quote(lastWords(message))}`,
    expected: 'an image that its node can pull without the Secret that it refreshes',
    remedy: unpullableRemedy({ facts, pod, waiting }, judge),
  }
}

function resumeRemedy(
  { namespace, name }: CronJobFacts,
  result: Finding['result'],
  { commands }: JudgeSchedule,
): Remedy {
  const resume = commands.kubectl('patch', 'cronjob', name, '-n', namespace, '-p', '{"spec":{"suspend":false}}')
  return result === 'failed'
    ? commands.refresh({ after: resume })
    : { command: resume, words: 'the pull secrets are good still, and expire unless something else refreshes them' }
}

interface Unpullable {
  readonly facts: CronJobFacts
  readonly pod: NonNullable<CronJobFacts['pod']>
  readonly waiting: ReturnType<typeof waitingForImage>[number]
}

/** Where its image needs the Secret that it refreshes, neither comes first: a refresh from here breaks the circle. */
function unpullableRemedy({ facts, pod, waiting }: Unpullable, { audience, commands }: JudgeSchedule): Remedy {
  const cause = parsePullFailure(waiting.waiting)
  const remove = commands.kubectl('delete', 'pod', pod.name, '-n', facts.namespace)
  const here = commands.refreshHere(facts, audience)
  const lasting = `so that it does not happen again, use an image that needs no pull secret of its own: pullpass manifests --image IMAGE`
  if (cause === 'credential refused' || cause === 'unknown') {
    return {
      command: `${here} && ${remove}`,
      words: `it refreshes once from here, so that the image can be pulled; ${lasting}`,
    }
  }
  const { remedy = {} } = pullRemedy(cause, { container: waiting, pod, commands })
  return alsoSay(remedy, `until then, from here: ${here}`)
}
