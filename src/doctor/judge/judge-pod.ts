/** Whether a pod can use the pull secret: it names it, no other Secret that it names breaks it, and its kubelet pulls. Pure. */
import { PullpassError } from '../../errors/pullpass-error.ts'
import type { Redacted } from '../../text/redacted.ts'
import type { WantedImage } from '../asked.ts'
import { dockerConfigOf } from '../docker-config-of.ts'
import type { Finding } from '../finding.ts'
import type { PodFacts } from '../gather/gather-pod.ts'
import type { ShadowFacts } from '../gather/gather-shadows.ts'
import type { MendingCommands } from '../remedy/mending-commands.ts'
import { judgeKubelet } from './judge-kubelet.ts'
import { judgePodNaming } from './judge-pod-naming.ts'
import { judgePodSecrets } from './judge-pod-secrets.ts'

export interface JudgePod {
  /** Names of the Secrets that documents write into its namespace. */
  readonly secretNames: readonly string[]
  /** What failed before, which the pod waits for. */
  readonly failure: Finding | undefined
  readonly images: readonly WantedImage[]
  readonly shadows: readonly ShadowFacts[]
  /** Names of the images whose manifests doctor has pulled with the pod's credential. */
  readonly pulled: ReadonlySet<string>
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
        code: 'POD_NOT_FOUND',
        seen: 'it does not exist',
        expected: 'a pod of this name',
        remedy: { command, words: 'shows those that are there' },
      },
    ]
  }
  const named = judgePodNaming(pod, account, judge)
  const others = judgePodSecrets(pod, { secrets, account }, { ...judge, own: judge.secretNames })
  const failure = [judge.failure, named, ...others].find((finding) => finding?.result === 'failed')
  const kubelet = { failure, pulled: judge.pulled, passwords: passwordsOf(secrets), commands: judge.commands }
  return [named, ...others, ...judgeKubelet(pod, events, kubelet)]
}

const passwordsOf = (secrets: PodFacts['secrets']): Redacted[] =>
  [...secrets.values()].flatMap((content) =>
    [...(dockerConfigOf(content)?.entries.values() ?? [])].map(({ password }) => password),
  )
