/** Whether a pod can use the pull secret: it names it, nothing else that it names breaks it, and no back-off runs on. Pure. */
import type { Pod, WaitingContainer } from '../../kubernetes/read-pod.ts'
import { PullpassError } from '../../outside/pullpass-error.ts'
import { quoteSafely } from '../../outside/quote-safely.ts'
import type { Redacted } from '../../outside/redacted.ts'
import type { WantedImage } from '../asked.ts'
import { dockerConfigOf } from '../docker-config-of.ts'
import type { Finding } from '../finding.ts'
import type { PodFacts } from '../gather/gather-pod.ts'
import type { ShadowFacts } from '../gather/gather-shadows.ts'
import { notTried } from '../not-tried.ts'
import type { MendingCommands } from '../remedy/mending-commands.ts'
import { remakeWords } from '../remedy/remake-words.ts'
import { judgeEvents } from './judge-events.ts'
import { judgePodNaming } from './judge-pod-naming.ts'
import { judgePodSecrets } from './judge-pod-secrets.ts'

export interface JudgePod {
  /** Names of the Secrets that documents write into its namespace. */
  readonly secretNames: readonly string[]
  /** What failed before, which the pod waits for. */
  readonly failure: Finding | undefined
  readonly images: readonly WantedImage[]
  readonly shadows: readonly ShadowFacts[]
  readonly commands: MendingCommands
}

/** The pod itself, its other pull secrets, its back-off. */
export function judgePod({ asked, pod, events, account, secrets }: PodFacts, judge: JudgePod): Finding[] {
  const about = `Pod ${asked.namespace}/${asked.name}`
  if (pod instanceof PullpassError) {
    return [{ hop: 'pod', about, result: 'skipped', code: 'NOT_READABLE', seen: `it cannot be looked at: ${pod.seen}` }]
  }
  if (pod === undefined) {
    const command = judge.commands.kubectl('get', 'pods', '-n', asked.namespace)
    return [
      {
        hop: 'pod',
        about,
        result: 'failed',
        code: 'POD_ABSENT',
        seen: 'it is not there',
        expected: 'a pod of this name',
        remedy: { command, words: 'shows those that are there' },
      },
    ]
  }
  const named = judgePodNaming(pod, account, judge)
  const others = judgePodSecrets(pod, { secrets, account }, { ...judge, own: judge.secretNames })
  const failure = [judge.failure, named, ...others].find((finding) => finding?.result === 'failed')
  const passwords = passwordsOf(secrets)
  const waiting = pod.waiting.filter(({ reason }) => pulling.test(reason))
  const pull = waiting.length > 0 ? 'waits' : 'done'
  const said = judgeEvents(events, { about, pull, failure, secrets: passwords })
  return [named, ...others, said, judgeBackOff(pod, { failure, passwords, waiting, said }, judge.commands)]
}

const passwordsOf = (secrets: PodFacts['secrets']): Redacted[] =>
  [...secrets.values()].flatMap((content) =>
    [...(dockerConfigOf(content)?.entries.values() ?? [])].map(({ password }) => password),
  )

const pulling = /^(?:ErrImagePull|ImagePullBackOff|RegistryUnavailable|SignatureValidationFailed)$/

interface Waiting {
  readonly failure: Finding | undefined
  readonly passwords: readonly Redacted[]
  readonly waiting: readonly WaitingContainer[]
  /** By the kubelet. */
  readonly said: Finding
}

function judgeBackOff(pod: Pod, { failure, passwords, waiting, said }: Waiting, commands: MendingCommands): Finding {
  const { namespace, name } = pod
  const base = { hop: 'back-off', about: `Pod ${namespace}/${name}` } as const
  const [first] = waiting
  if (first === undefined) return { ...base, result: 'ok', code: 'OK', seen: 'no container waits for its image' }
  const words = inWords(first, passwords)
  const again = said.code === 'KUBELET_COMPLAINED' ? `; if it fails again, ${said.seen}` : ''
  if (failure !== undefined) {
    const seen = `${words}; first, ${failure.hop}: ${failure.code}`
    return { ...notTried(base.hop, base.about, failure), seen, because: undefined }
  }
  return {
    ...base,
    result: 'failed',
    code: 'BACK_OFF_RUNNING',
    seen: `${words}; everything else is right now`,
    expected:
      'that the kubelet tries again: it waits up to 5 minutes after a failure, and a mended Secret does not shorten that',
    remedy: {
      command: commands.kubectl('delete', 'pod', name, '-n', namespace),
      words: `${remakeWords(pod)}; or wait: the kubelet tries again by itself${again}`,
    },
  }
}

const inWords = ({ container, image, reason, message }: WaitingContainer, passwords: readonly Redacted[]) =>
  `container ${container} waits in ${reason} for ${image}${message === '' ? '' : `: ${quoteSafely(message, passwords)}`}`
