/** Whether another pull secret of a pod breaks its pulls: one that cannot be parsed fails them all. Pure. */
import { parseDockerConfig } from '../../credential/parse-docker-config.ts'
import type { Pod } from '../../kubernetes/read-pod.ts'
import type { PullSecretContent } from '../../kubernetes/read-pull-secret-data.ts'
import { PullpassError } from '../../outside/pullpass-error.ts'
import { Redacted } from '../../outside/redacted.ts'
import type { Finding } from '../finding.ts'
import type { PodFacts } from '../gather/gather-pod.ts'
import type { MendingCommands } from '../remedy/mending-commands.ts'

/** `own`: names of Secrets that are judged as a document's. */
export function judgePodSecrets(
  { namespace, imagePullSecrets }: Pod,
  secrets: PodFacts['secrets'],
  { own, commands }: { readonly own: readonly string[]; readonly commands: MendingCommands },
): Finding[] {
  return imagePullSecrets
    .filter((name) => !own.includes(name))
    .map((name) => {
      const remove = commands.kubectl('delete', 'secret', name, '-n', namespace)
      return { hop: 'pod-secrets', about: `Secret ${namespace}/${name}`, ...judgeContent(secrets.get(name), remove) }
    })
}

type Judged = Omit<Finding, 'hop' | 'about'>

function judgeContent(content: PullSecretContent | PullpassError | undefined, remove: string): Judged {
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
    remedy: {
      command: remove,
      words:
        'kubelets pass over a Secret that is not there; if it is needed, make it anew: kubectl create secret docker-registry',
    },
  }
}
