/** What the kubelet said of the pod's pulls, in its own words: it sees what doctor, elsewhere, does not. Pure. */
import type { PodEvent } from '../../kubernetes/list-pod-events.ts'
import { PullpassError } from '../../outside/pullpass-error.ts'
import { quoteSafely } from '../../outside/quote-safely.ts'
import type { Redacted } from '../../outside/redacted.ts'
import type { Finding } from '../finding.ts'
import { notTried } from '../not-tried.ts'

export interface JudgeEvents {
  /** `Pod team-a/web-0`. */
  readonly about: string
  /** Whether a container of it waits for its image now. */
  readonly pull: 'waits' | 'done'
  /** What is wrong already. */
  readonly failure: Finding | undefined
  /** What the kubelet pulls with: its words may repeat it. */
  readonly secrets: readonly Redacted[]
}

export function judgeEvents(
  events: readonly PodEvent[] | PullpassError,
  { about, pull, failure, secrets }: JudgeEvents,
): Finding {
  const base = { hop: 'events', about } as const
  if (events instanceof PullpassError) {
    return { ...base, result: 'skipped', code: 'NOT_READABLE', seen: `they cannot be looked at: ${events.seen}` }
  }
  const said = complaintsOf(events).map(
    ({ at, message }) => `${at === undefined ? '' : `at ${at.toISOString()} `}${quoteSafely(message, secrets)}`,
  )
  if (said.length === 0)
    return { ...base, result: 'ok', code: 'OK', seen: 'none of the last hour tells of a failed pull' }
  const words = `its kubelet said ${said.join(', and ')}`
  if (pull === 'done') return { ...base, result: 'ok', code: 'OK', seen: `no container waits any more; ${words}` }
  if (failure !== undefined) {
    const first = `; first, ${failure.hop}: ${failure.code}`
    return { ...notTried(base.hop, about, failure), seen: `${words}${first}`, because: undefined }
  }
  return {
    ...base,
    result: 'warning',
    code: 'KUBELET_COMPLAINED',
    seen: words,
    expected: 'that it pulls now: if it said so after the Secret was refreshed, what fails is seen from its node alone',
    remedy: { words: "compare its words with the hops above; else look at that node's network, proxy and time" },
  }
}

/** What says why comes before what only says that; of each the latest. */
function complaintsOf(events: readonly PodEvent[]): PodEvent[] {
  const latest = (matches: (event: PodEvent) => boolean) => events.find(matches)
  const why = latest(({ reason, message }) => reason === 'Failed' && /^Failed to pull image/i.test(message))
  const secret = latest(({ reason }) => reason === 'FailedToRetrieveImagePullSecret')
  const that = latest(({ reason, message }) => /^(?:Failed|BackOff)$/.test(reason) && /pull/i.test(message))
  return [secret, why ?? that].filter((event) => event !== undefined)
}
