/**
 * Hops `events` and `back-off`: what the kubelet reports of the pod's images: for each container that waits, why, and the fix.
 * Where doctor pulls the image itself, or an earlier failure explains it, only the kubelet's next attempt is missing.
 */

import { PullpassError } from '../../../errors/pullpass-error.ts'
import type { PodEvent } from '../../../kubernetes/objects/events.ts'
import type { Pod, PodContainer, WaitingReason } from '../../../kubernetes/objects/pods.ts'
import { isDiskPressure, lastWords, parsePullFailure, waitsForImage } from '../../../kubernetes/objects/pull-failure.ts'
import type { Redacted } from '../../../text/redacted.ts'
import { quoteSafely } from '../../../text/secret-register.ts'
import { rfc3339 } from '../../../text/time.ts'
import { knownNamespaces, namespacesSource } from '../../facts/namespaces.ts'
import { dockerConfigOf, type PodFacts, podSource } from '../../facts/pods.ts'
import { dependencyFailed, type HopFinding } from '../../finding.ts'
import { defineHop, type FactsOf, type Hop, type View } from '../../hop.ts'
import { type PrintedCommands, recreationNote } from '../../printed-commands.ts'
import { type AdvisedFailure, nodeFullRemedy, pullRemedy } from './pull-remedy.ts'

const needs = { pod: podSource, namespaces: namespacesSource } as const

const hopOf = (name: string): Hop =>
  defineHop({
    name,
    needs,
    after: 'earlier',
    applies: ({ pod }) => pod !== undefined,
    evaluate: (facts, view) => kubeletFindings(facts, view).filter(({ hop }) => hop === name),
  })

export const eventsHop: Hop = hopOf('events')
export const backOffHop: Hop = hopOf('back-off')

function kubeletFindings({ pod: facts, namespaces }: FactsOf<typeof needs>, { found, request }: View): HopFinding[] {
  const pod = facts?.pod
  if (pod === undefined || pod instanceof PullpassError || knownNamespaces(namespaces) === undefined) return []
  return evaluateKubelet(pod, facts?.events ?? [], {
    failure: found.failure(),
    pulled: pulledImages(found),
    passwords: passwordsOf(facts?.secrets ?? new Map()),
    commands: request.commands,
  })
}

/** Images that a fresh credential pulls, and the stored one where it was tried. */
function pulledImages(found: View['found']): ReadonlySet<string> {
  const imagesOf = (hop: string, result: HopFinding['result']) =>
    found.of(hop).flatMap((one) => (one.result === result && one.image !== undefined ? [one.image] : []))
  const refused = new Set(imagesOf('stored-credential', 'failed'))
  return new Set(imagesOf('registry', 'ok').filter((image) => !refused.has(image)))
}

const passwordsOf = (secrets: PodFacts['secrets']): Redacted[] =>
  [...secrets.values()].flatMap((content) =>
    [...(dockerConfigOf(content)?.entries.values() ?? [])].map(({ password }) => password),
  )

interface KubeletView {
  /** The failure to fix first. */
  readonly failure: HopFinding | undefined
  /** Names of the images whose manifests doctor has pulled with the pod's credential. */
  readonly pulled: ReadonlySet<string>
  /** Of the pod's credentials: the kubelet's messages may repeat them. */
  readonly passwords: readonly Redacted[]
  readonly commands: PrintedCommands
}

type Events = readonly PodEvent[] | PullpassError

interface Waiting extends PodContainer {
  readonly waiting: WaitingReason
}

export const waitingForImage = ({ containers }: Pick<Pod, 'containers'>): Waiting[] =>
  containers.flatMap((one) =>
    one.waiting !== undefined && waitsForImage(one.waiting.reason) ? [{ ...one, waiting: one.waiting }] : [],
  )

function evaluateKubelet(pod: Pod, events: Events, view: KubeletView): HopFinding[] {
  const waiting = waitingForImage(pod)
  const reported = pullEvents(events, view)
  const causes = [
    ...evaluateStopped(pod, view),
    ...waiting.map((one) => evaluateWaiting(one, pod, { events, view, reported })),
  ]
  return [
    ...(causes.length > 0 ? causes : [evaluateNotWaiting(pod, events, reported)]),
    evaluateBackOff(pod, waiting, { causes, view }),
  ]
}

/** No container waits for its image. */
function evaluateNotWaiting(pod: Pod, events: Events, reported: string | undefined): HopFinding {
  const base = { hop: 'events', about: podName(pod) } as const
  if (events instanceof PullpassError) {
    return { ...base, result: 'skipped', code: 'NOT_READABLE', seen: `they cannot be read: ${events.seen}` }
  }
  const seen = reported === undefined ? 'no failed pull in the last hour' : `no container waits now; ${reported}`
  return { ...base, result: 'ok', code: 'OK', seen }
}

interface Evaluating {
  readonly events: Events
  readonly view: KubeletView
  /** The latest Events about pulls, in words. */
  readonly reported: string | undefined
}

/** Of these the kubelet's next try succeeds where doctor pulls the image by now. */
const passing: readonly AdvisedFailure[] = ['absent', 'throttled', 'registry unavailable']

function evaluateWaiting(container: Waiting, pod: Pod, { events, view, reported }: Evaluating): HopFinding {
  const { failure, pulled, passwords, commands } = view
  const message = causeMessage(container, events)
  const cause = parsePullFailure(message)
  const about = `${containerName(container)} of ${podName(pod)}`
  const base = { hop: 'events', about, image: container.image } as const
  // Of several containers the latest Events may be about another: the message with the cause is this one's.
  const ofContainer = `its kubelet reported ${quoteSafely(lastWords(message.message), passwords)}`
  const words = reported ?? ofContainer
  const seen = `it waits in ${container.waiting.reason} for ${container.image}; ${ofContainer}`
  const unseen = cause === 'unknown' || cause === 'credential refused'
  if (failure !== undefined && (unseen || passing.includes(cause))) {
    return { ...dependencyFailed(base.hop, about, failure), seen: words }
  }
  // A back-off without a cause: the hop of the cause reports it.
  if (cause === 'unknown' && reported === undefined) return { ...base, result: 'ok', code: 'OK', seen: words }
  if (unseen || (passing.includes(cause) && pulled.has(container.image))) return pullFailed(base, words)
  const advice = pullRemedy(cause, { container, pod, commands })
  // The same was found from here: one fix.
  if (failure?.code === advice.code) return { ...dependencyFailed(base.hop, about, failure), seen: words }
  return { ...base, result: 'failed', ...advice, seen }
}

const pullFailed = (base: Pick<HopFinding, 'hop' | 'about'>, seen: string): HopFinding => ({
  ...base,
  result: 'warning',
  code: 'PULL_FAILED',
  seen,
  expected: 'a successful pull; what still fails is visible only on the node',
  remedy: {
    words: 'compare its message with the hops above; otherwise check the network, proxy and time of that node',
  },
})

/** A back-off's own message names the cause in newer kubelets; else the latest Event about this image does. */
function causeMessage({ waiting, image }: Waiting, events: Events): WaitingReason {
  if (parsePullFailure(waiting) !== 'unknown' || events instanceof PullpassError) return waiting
  const event = events.find(({ reason, message }) => reason === 'Failed' && message.includes(`"${image}": `))
  return event === undefined ? waiting : { reason: waiting.reason, message: event.message }
}

function evaluateStopped(pod: Pod, { passwords, commands }: KubeletView): HopFinding[] {
  const { stopped } = pod
  if (stopped === undefined || !isDiskPressure(stopped)) return []
  const seen = `${stopped.reason}: ${quoteSafely(lastWords(stopped.message), passwords)}`
  return [{ hop: 'events', about: podName(pod), result: 'failed', ...nodeFullRemedy(pod, commands), seen }]
}

/** Events with the reason take precedence over those without; of each the latest. */
function pullEvents(events: Events, { passwords }: KubeletView): string | undefined {
  if (events instanceof PullpassError) return undefined
  const latest = (matches: (event: PodEvent) => boolean) => events.find(matches)
  const why = latest(({ reason, message }) => reason === 'Failed' && /^Failed to pull image/i.test(message))
  const secret = latest(({ reason }) => reason === 'FailedToRetrieveImagePullSecret')
  const that = latest(({ reason, message }) => /^(?:Failed|BackOff)$/.test(reason) && /pull/i.test(message))
  const relevant = [secret, why ?? that].filter((event) => event !== undefined)
  if (relevant.length === 0) return undefined
  const inWords = ({ at, message }: PodEvent) =>
    `${at === undefined ? '' : `at ${rfc3339(at)} `}${quoteSafely(lastWords(message), passwords)}`
  return `its kubelet reported ${relevant.map(inWords).join(', and ')}`
}

interface BackOff {
  /** At the hop before. */
  readonly causes: readonly HopFinding[]
  readonly view: KubeletView
}

function evaluateBackOff(pod: Pod, waiting: readonly Waiting[], { causes, view }: BackOff): HopFinding {
  const base = { hop: 'back-off', about: podName(pod) } as const
  if (waiting.length === 0) return { ...base, result: 'ok', code: 'OK', seen: 'no container waits for its image' }
  const words = waiting.map((one) => waitingInWords(one, view.passwords)).join('; ')
  const failure = causes.find(({ result }) => result === 'failed') ?? view.failure
  if (failure !== undefined) return { ...dependencyFailed(base.hop, base.about, failure), seen: words }
  return {
    ...base,
    result: 'failed',
    code: 'PULL_BACK_OFF',
    seen: `${words}; no other fault is left`,
    expected:
      'a retry of the kubelet: it waits up to 5 minutes after a failure, and a refreshed Secret does not shorten that',
    remedy: {
      command: view.commands.kubectl('delete', 'pod', pod.name, '-n', pod.namespace),
      words: `${recreationNote(pod)}; or wait: the kubelet retries`,
    },
  }
}

function waitingInWords(container: Waiting, passwords: readonly Redacted[]): string {
  const { reason, message } = container.waiting
  const reported = message === '' ? '' : `: ${quoteSafely(lastWords(message), passwords)}`
  return `${containerName(container)} waits in ${reason} for ${container.image}${reported}`
}

const podName = ({ namespace, name }: Pick<Pod, 'namespace' | 'name'>) => `Pod ${namespace}/${name}`

const containerName = ({ kind, name }: Pick<PodContainer, 'kind' | 'name'>) =>
  `${kind === 'initContainers' ? 'init container' : 'container'} ${name}`
