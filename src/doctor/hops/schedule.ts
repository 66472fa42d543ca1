/** Hop `schedule`: what refreshes runs, the CronJob or the controller, and its own image can be pulled. */
import type { NamespacedName } from '../../document/document.ts'
import type { PullpassError } from '../../errors/pullpass-error.ts'
import type { Pod } from '../../kubernetes/objects/pods.ts'
import { lastWords, parsePullFailure } from '../../kubernetes/objects/pull-failure.ts'
import type { CronJobFacts, DeploymentFacts } from '../../kubernetes/objects/workloads.ts'
import { controllerName } from '../../manifests/manifest.ts'
import { plainLine, quote } from '../../text/plain-text.ts'
import { rfc3339 } from '../../text/time.ts'
import { namespacesSource } from '../facts/namespaces.ts'
import { imagesSource } from '../facts/pods.ts'
import { type ControllerLease, type ScheduleFacts, scheduleSource } from '../facts/schedule.ts'
import { failedBy, type HopFinding, type Remedy, withNote } from '../finding.ts'
import { defineHop, type Hop } from '../hop.ts'
import type { PrintedCommands } from '../printed-commands.ts'
import { waitingForImage } from './pods/kubelet.ts'
import { pullRemedy } from './pods/pull-remedy.ts'
import { evaluateSecrets, isStale } from './secrets/secret.ts'

export const scheduleHop: Hop = defineHop({
  name: 'schedule',
  needs: { schedule: scheduleSource, namespaces: namespacesSource, images: imagesSource },
  after: ['clock'],
  applies: () => false,
  evaluate({ schedule, namespaces, images }, view) {
    const stale = evaluateSecrets(namespaces, images, view).filter(isStale)
    const audience = view.exchangeRequests.flatMap(({ audiences }) => audiences)[0]
    const { refused, commands } = view.request
    return evaluateSchedule(schedule, stale, { audience, refused, commands, now: view.now })
  },
})

interface ScheduleView {
  /** Of the token that its pod is projected. */
  readonly audience: string | undefined
  /** Why a CronJob refuses the documents. */
  readonly refused?: PullpassError | undefined
  readonly commands: PrintedCommands
  readonly now: Date
}

/** `stale`: the Secrets that were not refreshed in time. @internal */
export const evaluateSchedule = (
  { cronJob, controller, others = [] }: ScheduleFacts,
  stale: readonly HopFinding[],
  view: ScheduleView,
): HopFinding[] => [
  ...(cronJob === undefined
    ? []
    : [evaluateCronJob(cronJob, stale, controller === undefined ? view : { ...view, refused: undefined })]),
  ...(controller === undefined ? [] : [evaluateController(controller, stale, view)]),
  ...(cronJob !== undefined && controller !== undefined ? evaluateBoth(cronJob, controller, view) : []),
  ...evaluateOthers({ cronJob, controller, others: others.filter((one) => isRenewed(one, view.now)) }, view),
]

/** A leader renews its Lease every two seconds; clocks may differ by a minute. */
const leaseEndsMs = 90_000

function evaluateController(facts: DeploymentFacts, stale: readonly HopFinding[], view: ScheduleView): HopFinding {
  const { namespace, name, replicas, ready, waiting, lease } = facts
  const result = stale.length > 0 ? 'failed' : 'warning'
  const base = { hop: 'schedule', about: `Deployment ${namespace}/${name}`, result } as const
  const { kubectl } = view.commands
  if (replicas === 0) {
    return {
      ...base,
      code: 'REFRESH_SUSPENDED',
      seen: 'it has no replicas',
      expected: 'two replicas, unless something else refreshes',
      remedy: { command: kubectl('scale', 'deployment', name, '--replicas=2', '-n', namespace) },
    }
  }
  const [image] = waiting === undefined ? [] : waitingForImage(waiting)
  if (ready === 0 && waiting !== undefined && image !== undefined)
    return unpulledImage({ ...base, pod: waiting, waiting: image }, facts, view)
  if (ready === 0) {
    const cause = waiting?.containers.find((one) => one.waiting)?.waiting
    const why = cause === undefined ? '' : `: its pod ${waiting?.name} waits in ${cause.reason}${quoted(cause.message)}`
    return {
      ...base,
      code: 'CONTROLLER_NOT_READY',
      seen: `none of ${replicas} replicas is ready${why}`,
      expected: 'a replica that is ready',
      remedy: {
        command: kubectl('logs', `deployment/${name}`, '-n', namespace),
        words: 'the log, or /readyz of a replica, states what it waits for',
        form: 'sentence',
      },
    }
  }
  if (lease !== undefined && !isRenewed(lease, view.now)) {
    const last =
      lease.holder === ''
        ? 'no replica holds it'
        : `${lease.holder} renewed it last at ${lease.renewedAt === undefined ? 'an unknown time' : rfc3339(lease.renewedAt)}`
    return {
      ...base,
      code: 'CONTROLLER_NOT_LEADING',
      seen: `no replica leads: of Lease ${namespace}/${name}, ${plainLine(last)}`,
      expected: 'a Lease that a ready replica renews every two seconds',
      remedy: {
        command: kubectl('logs', `deployment/${name}`, '-n', namespace, '--all-pods'),
        words: 'the log states why the Lease cannot be renewed',
        form: 'sentence',
      },
    }
  }
  const leads = lease === undefined ? '' : `; ${plainLine(lease.holder)} leads`
  return { ...base, result: 'ok', code: 'OK', seen: `${ready} of ${replicas} replicas are ready${leads}` }
}

const isRenewed = ({ holder, renewedAt }: Pick<ControllerLease, 'holder' | 'renewedAt'>, now: Date): boolean =>
  holder !== '' && renewedAt !== undefined && now.getTime() - renewedAt.getTime() <= leaseEndsMs

const quoted = (message: string) => (message === '' ? '' : `: ${quote(lastWords(message))}`)

/** The one that refreshes later finds nothing to do: it costs nothing but permissions. */
function evaluateBoth(
  cronJob: CronJobFacts,
  { namespace, name, replicas }: DeploymentFacts,
  view: ScheduleView,
): HopFinding[] {
  if (cronJob.suspended || replicas === 0) return []
  return [
    {
      hop: 'schedule',
      about: `CronJob and Deployment in ${namespace}`,
      result: 'warning',
      code: 'REFRESH_TWICE',
      seen: `CronJob ${cronJob.name} and Deployment ${name} both refresh`,
      expected: 'one of them',
      remedy: { command: view.commands.kubectl('delete', 'cronjob', cronJob.name, '-n', namespace) },
    },
  ]
}

/** `others`: those that lead now. With the same custom resources, each writes its own status over that of the other. */
function evaluateOthers(
  { cronJob, controller, others = [] }: ScheduleFacts,
  { commands }: Pick<ScheduleView, 'commands'>,
): HopFinding[] {
  const [other] = others
  const own = (controller !== undefined && controller.replicas > 0) || cronJob?.suspended === false
  if (other === undefined || (!own && others.length === 1)) return []
  const leases = others.map(({ namespace, holder }) => `${namespace}/${controllerName} (${plainLine(holder)})`)
  return [
    {
      hop: 'schedule',
      about: `controllers in ${others.map(({ namespace }) => namespace).join(', ')}`,
      result: 'warning',
      code: 'REFRESH_TWICE',
      seen: `further controllers run in this cluster: Lease ${leases.join(', ')}`,
      expected: 'one controller for the same documents, and for the custom resources of the cluster',
      remedy: {
        command: commands.cluster('uninstall', '-n', other.namespace, '--dry-run'),
        words: 'if that installation is not needed, this shows what its removal deletes',
        form: 'sentence',
      },
    },
  ]
}

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
  if (view.refused !== undefined) return failedBy('schedule', about, view.refused)
  const [waiting] = pod === undefined ? [] : waitingForImage(pod)
  if (pod === undefined || waiting === undefined)
    return { ...base, result: 'ok', code: 'OK', seen: 'it is not suspended' }
  return unpulledImage({ ...base, result, pod, waiting }, facts, view)
}

interface Unpulled extends Pick<HopFinding, 'hop' | 'about' | 'result'>, Pick<Unpullable, 'pod' | 'waiting'> {}

function unpulledImage({ pod, waiting, ...base }: Unpulled, facts: NamespacedName, view: ScheduleView): HopFinding {
  const { reason, message } = waiting.waiting
  return {
    ...base,
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
  readonly facts: NamespacedName
  readonly pod: Pod
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
