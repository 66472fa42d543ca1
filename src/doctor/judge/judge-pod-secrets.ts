/** Whether another pull secret of a pod breaks its pulls: it cannot be parsed, or is tried in the place of ours. Pure. */

import { PullpassError } from '../../errors/pullpass-error.ts'
import type { Pod } from '../../kubernetes/objects/pods.ts'
import type { PullSecretContent } from '../../kubernetes/objects/pull-secrets.ts'
import { credentialOrder, type KeyedSecret } from '../../registry/match-credentials.ts'
import type { WantedImage } from '../asked.ts'
import { dockerConfigOf } from '../docker-config-of.ts'
import type { Finding, Remedy } from '../finding.ts'
import type { PodFacts } from '../gather/gather-pod.ts'
import type { ShadowFacts } from '../gather/gather-shadows.ts'
import { attachCommand } from '../remedy/attach-command.ts'
import type { MendingCommands } from '../remedy/mending-commands.ts'
import { remakeWords } from '../remedy/remake-words.ts'

export interface JudgePodSecrets {
  /** Names of Secrets that are judged as a document's. */
  readonly own: readonly string[]
  /** Of the pod. */
  readonly images: readonly WantedImage[]
  readonly shadows: readonly ShadowFacts[]
  readonly commands: MendingCommands
}

export function judgePodSecrets(
  pod: Pod,
  { secrets, account }: Pick<PodFacts, 'secrets' | 'account'>,
  { own, images, shadows, commands }: JudgePodSecrets,
): Finding[] {
  const { namespace, imagePullSecrets } = pod
  const keyed = [...secrets].map(([name, content]) => ({
    name,
    keys: [...(dockerConfigOf(content)?.entries.keys() ?? [])],
  }))
  return imagePullSecrets
    .filter((name) => !own.includes(name) && secrets.has(name)) // of very many some were not looked at
    .map((name) => {
      const content = secrets.get(name)
      const judged =
        judgeUnread(content) ??
        judgeParsing(content, brokenRemedy(name, { pod, account, commands })) ??
        judgeShadow(shadows.find(({ instead }) => instead.secret === name)) ??
        judgeTried(name, { own, images, keyed })
      return { hop: 'pod-secrets', about: `Secret ${namespace}/${name}`, ...judged }
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
        'kubelets pass over a Secret that does not exist; if it is needed, make it anew: kubectl create secret docker-registry',
    }
  }
  const left = held.filter((secret) => secret !== broken)
  return {
    command: `${attachCommand({ namespace, name: serviceAccountName }, left, commands)} && ${commands.kubectl('delete', 'pod', name, '-n', namespace)}`,
    words: `${remakeWords(pod)}; the Secret stays, for whoever made it`,
  }
}

type Judged = Omit<Finding, 'hop' | 'about'>

function judgeUnread(content: PullSecretContent | PullpassError | undefined): Judged | undefined {
  if (content instanceof PullpassError) {
    return { result: 'skipped', code: 'NOT_READABLE', seen: `it cannot be looked at: ${content.seen}` }
  }
  if (content !== undefined) return undefined
  return {
    result: 'warning',
    code: 'OTHER_SECRET_NOT_FOUND',
    seen: 'it does not exist: kubelets pass over it',
    expected: 'a Secret, or that nobody names it',
    remedy: { words: 'make it, or take its name out of what makes the pod' },
  }
}

function judgeParsing(content: PullSecretContent | PullpassError | undefined, remedy: Remedy): Judged | undefined {
  const breaking = dockerConfigOf(content)?.findings.find(({ effect }) => effect === 'breaks-pulls')
  if (breaking === undefined) return undefined
  const what = breaking.host === undefined ? breaking.seen : `${breaking.host}: ${breaking.seen}`
  return {
    result: 'failed',
    code: 'OTHER_SECRET_MALFORMED',
    seen: `no kubelet can parse it, so that a pod which names it pulls no image at all, whatever its other Secrets hold: ${what}`,
    expected: 'a Secret that kubelets parse: JSON, and auth of standard base64 with a ":"',
    remedy,
  }
}

/** What is tried in the place of a document's Secret does no harm where it can pull, or where nothing is known of it. */
function judgeShadow(shadow: ShadowFacts | undefined): Judged | undefined {
  if (shadow?.trial.outcome !== 'refused') return undefined
  const { image, own, instead, trial } = shadow
  return {
    result: 'failed',
    code: 'OTHER_SECRET_SHADOWS',
    seen: `for ${image.name} kubelets try its key ${instead.key}, and never ${own.key} of ${own.secret}; it is refused: the ${trial.at} ${trial.url} answered ${trial.words}`,
    expected: `that ${own.secret} is tried too: Docker Hub's old key is tried only where no other fits`,
    remedy: {
      words: `name docker.io in place of ${own.key} under hosts of the document: kubelets try all that fit, one after another`,
    },
  }
}

interface Tried extends Pick<JudgePodSecrets, 'own' | 'images'> {
  readonly keyed: readonly KeyedSecret[]
}

/** Of credentials that fit, a refused one costs a try and no more. */
function judgeTried(name: string, { own, images, keyed }: Tried): Judged {
  const ok = (seen: string): Judged => ({ result: 'ok', code: 'OK', seen })
  for (const image of images) {
    const order = credentialOrder(keyed, image.reference).map(({ secret }) => secret)
    const [mine, its] = [order.find((secret) => own.includes(secret)), order.indexOf(name)]
    if (mine === undefined || its < 0) continue
    const when = its < order.indexOf(mine) ? 'before' : 'after'
    return ok(`kubelets try it for ${image.name} ${when} ${mine}, and go on where it is refused`)
  }
  return ok('it stands in no way: kubelets can parse it, or pass over it')
}
