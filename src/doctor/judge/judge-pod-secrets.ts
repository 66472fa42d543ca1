/** Whether another pull secret of a pod breaks its pulls: one that cannot be parsed fails them all. Pure. */
import { parseDockerConfig } from '../../credential/parse-docker-config.ts'
import type { Pod } from '../../kubernetes/read-pod.ts'
import type { PullSecretContent } from '../../kubernetes/read-pull-secret-data.ts'
import { PullpassError } from '../../outside/pullpass-error.ts'
import { Redacted } from '../../outside/redacted.ts'
import type { Finding, Remedy } from '../finding.ts'
import type { PodFacts } from '../gather/gather-pod.ts'
import { attachCommand } from '../remedy/attach-command.ts'
import type { MendingCommands } from '../remedy/mending-commands.ts'
import { remakeWords } from '../remedy/remake-words.ts'

export interface JudgePodSecrets {
  /** Names of Secrets that are judged as a document's. */
  readonly own: readonly string[]
  readonly commands: MendingCommands
}

export function judgePodSecrets(
  pod: Pod,
  { secrets, account }: Pick<PodFacts, 'secrets' | 'account'>,
  { own, commands }: JudgePodSecrets,
): Finding[] {
  const { namespace, imagePullSecrets } = pod
  return imagePullSecrets
    .filter((name) => !own.includes(name))
    .map((name) => {
      const remedy = brokenRemedy(name, { pod, account, commands })
      return { hop: 'pod-secrets', about: `Secret ${namespace}/${name}`, ...judgeContent(secrets.get(name), remedy) }
    })
}

interface Named extends Pick<PodFacts, 'account'> {
  readonly pod: Pod
  readonly commands: MendingCommands
}

/** What can be spared, and perhaps mended by whoever made it, is not deleted: the service account names it no more. */
function brokenRemedy(broken: string, { pod, account, commands }: Named): Remedy {
  const { namespace, name, imagePullSecrets, serviceAccountName } = pod
  const held = account === undefined || account instanceof PullpassError ? [] : account.imagePullSecrets
  if (!imagePullSecrets.every((secret) => held.includes(secret))) {
    return {
      command: commands.kubectl('delete', 'secret', broken, '-n', namespace),
      words:
        'kubelets pass over a Secret that is not there; if it is needed, make it anew: kubectl create secret docker-registry',
    }
  }
  const left = held.filter((secret) => secret !== broken)
  return {
    command: `${attachCommand({ namespace, name: serviceAccountName }, left, commands)} && ${commands.kubectl('delete', 'pod', name, '-n', namespace)}`,
    words: `${remakeWords(pod)}; the Secret stays, for whoever made it`,
  }
}

type Judged = Omit<Finding, 'hop' | 'about'>

function judgeContent(content: PullSecretContent | PullpassError | undefined, broken: Remedy): Judged {
  if (content instanceof PullpassError) {
    return { result: 'skipped', code: 'NOT_READABLE', seen: `it cannot be looked at: ${content.seen}` }
  }
  if (content === undefined) {
    const seen = 'it is not there: kubelets pass over it'
    const remedy = { words: 'make it, or take its name out of what makes the pod' }
    return {
      result: 'warning',
      code: 'OTHER_SECRET_ABSENT',
      seen,
      expected: 'a Secret, or that nobody names it',
      remedy,
    }
  }
  const { type, dockerConfigJson } = content
  if (type !== 'kubernetes.io/dockerconfigjson') return { result: 'ok', code: 'OK', seen: `of type ${type}` }
  const { findings } = parseDockerConfig(dockerConfigJson ?? new Redacted('null'))
  const breaking = findings.find(({ effect }) => effect === 'breaks-pulls')
  if (breaking === undefined) return { result: 'ok', code: 'OK', seen: 'kubelets can parse it' }
  const what = breaking.host === undefined ? breaking.seen : `${breaking.host}: ${breaking.seen}`
  return {
    result: 'failed',
    code: 'OTHER_SECRET_BROKEN',
    seen: `no kubelet can parse it, so that a pod which names it pulls no image at all, whatever its other Secrets hold: ${what}`,
    expected: 'a Secret that kubelets parse: JSON, and auth of standard base64 with a ":"',
    remedy: broken,
  }
}
