/** Hop `schedule`: the CronJob that refreshes is not suspended, and its own image can be pulled. */
import { type CronJobFacts, readCronJob } from '../../kubernetes/objects/cron-jobs.ts'
import { lastWords, parsePullFailure } from '../../kubernetes/objects/pull-failure.ts'
import { ownName } from '../../manifests/manifest.ts'
import { quote } from '../../text/plain-text.ts'
import { clusterSource } from '../facts/cluster.ts'
import { namespacesSource } from '../facts/namespaces.ts'
import { imagesSource } from '../facts/pods.ts'
import { type HopFinding, type Remedy, withNote } from '../finding.ts'
import { defineHop, defineSource, type Hop, type Source } from '../hop.ts'
import type { PrintedCommands } from '../printed-commands.ts'
import { waitingForImage } from './pods/kubelet.ts'
import { pullRemedy } from './pods/pull-remedy.ts'
import { evaluateSecrets, isStale } from './secrets/secret.ts'

/** undefined where it does not exist, may not be read, or its namespace is not known. */
const scheduleSource: Source<CronJobFacts | undefined> = defineSource({
  needs: { cluster: clusterSource },
  step: { hops: ['schedule'], of: 'cluster' },
  otherwise: undefined,
  async gather({ cluster }, { request }) {
    const account = request.refresher ?? request.serviceAccount
    if (account === undefined || cluster?.cluster === undefined) return undefined
    return await readCronJob(cluster.cluster, { namespace: account.namespace, name: ownName })
  },
})

export const scheduleHop: Hop = defineHop({
  name: 'schedule',
  needs: { schedule: scheduleSource, namespaces: namespacesSource, images: imagesSource },
  after: ['clock'],
  applies: () => false,
  evaluate({ schedule, namespaces, images }, view) {
    const stale = evaluateSecrets(namespaces, images, view).filter(isStale)
    const audience = view.exchangeRequests.flatMap(({ audiences }) => audiences)[0]
    return evaluateSchedule(schedule, stale, { audience, commands: view.request.commands })
  },
})

interface ScheduleView {
  /** Of the token that its pod is projected. */
  readonly audience: string | undefined
  readonly commands: PrintedCommands
}

/** `stale`: the Secrets that were not refreshed in time. @internal */
export const evaluateSchedule = (
  facts: CronJobFacts | undefined,
  stale: readonly HopFinding[],
  view: ScheduleView,
): HopFinding[] => (facts === undefined ? [] : [evaluateCronJob(facts, stale, view)])

function evaluateCronJob(facts: CronJobFacts, stale: readonly HopFinding[], view: ScheduleView): HopFinding {
  const { namespace, name, suspended, pod } = facts
  const about = `CronJob ${namespace}/${name}`
  const base = { hop: 'schedule', about } as const
  const result = stale.length > 0 ? 'failed' : 'warning'
  if (suspended) {
    return {
      ...base,
      result,
      code: 'REFRESH_SUSPENDED',
      seen: 'it is suspended',
      expected: 'a CronJob that runs, unless something else refreshes',
      remedy: resumeRemedy(facts, result, view),
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
    remedy: unpullableRemedy({ facts, pod, waiting }, view),
  }
}

function resumeRemedy(
  { namespace, name }: CronJobFacts,
  result: HopFinding['result'],
  { commands }: ScheduleView,
): Remedy {
  const resume = commands.kubectl('patch', 'cronjob', name, '-n', namespace, '-p', '{"spec":{"suspend":false}}')
  return result === 'failed'
    ? commands.refresh({ after: resume })
    : { command: resume, words: 'the pull secrets are still valid, and expire unless something else refreshes them' }
}

interface Unpullable {
  readonly facts: CronJobFacts
  readonly pod: NonNullable<CronJobFacts['pod']>
  readonly waiting: ReturnType<typeof waitingForImage>[number]
}

/** Where its image needs the Secret that it refreshes, neither comes first: a refresh from here breaks the circle. */
function unpullableRemedy({ facts, pod, waiting }: Unpullable, { audience, commands }: ScheduleView): Remedy {
  const cause = parsePullFailure(waiting.waiting)
  const remove = commands.kubectl('delete', 'pod', pod.name, '-n', facts.namespace)
  const here = commands.refreshHere(facts, audience)
  const lasting = `to avoid it, use an image that needs no pull secret: pullpass manifests --image IMAGE`
  if (cause === 'credential refused' || cause === 'unknown') {
    return {
      command: `${here} && ${remove}`,
      words: `this refreshes once from here, so that the image can be pulled; ${lasting}`,
    }
  }
  const { remedy = {} } = pullRemedy(cause, { container: waiting, pod, commands })
  return withNote(remedy, `until then, from here: ${here}`)
}
