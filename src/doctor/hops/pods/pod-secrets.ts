/** Hop `pod-secrets`: no other pull secret of the pod breaks its pulls, or is used instead of the document's. */
import type { DockerConfigEntry } from '../../../credential/docker-config.ts'
import { PullpassError } from '../../../errors/pullpass-error.ts'
import type { Pod } from '../../../kubernetes/objects/pods.ts'
import type { PullSecretContent } from '../../../kubernetes/objects/pull-secrets.ts'
import { credentialOrder, type KeyedSecret, type TriedCredential } from '../../../registry/match-credentials.ts'
import type { PullAttempt } from '../../../registry/pull.ts'
import { pullsSource, tryInTurn } from '../../facts/exchanges.ts'
import { knownNamespaces, namespacesSource } from '../../facts/namespaces.ts'
import { dockerConfigOf, imagesSource, type PodFacts, podSource } from '../../facts/pods.ts'
import type { Evaluated, HopFinding, Remedy } from '../../finding.ts'
import { defineHop, defineSource, type Hop, type Source } from '../../hop.ts'
import { attachCommand, type PrintedCommands, recreationNote } from '../../printed-commands.ts'
import { type Image, secretNamesIn } from '../../request.ts'

/**
 * An image for which kubelets never use the document's Secret, since another pull secret of the pod matches. It happens at
 * Docker Hub alone, whose old key is used only where no other matches. The other one is tried here; elsewhere kubelets go on
 * from a refused credential to the next, so that no credential of others has to be sent.
 */
interface ShadowFacts {
  readonly image: Image
  /** The Secret of a document that matches by itself, and its key. */
  readonly own: TriedCredential
  /** What is used instead. */
  readonly instead: TriedCredential
  readonly attempt: PullAttempt
}

const shadowsSource: Source<readonly ShadowFacts[]> = defineSource({
  // After the attempted pulls: a registry that does not respond is reported first.
  needs: { pod: podSource, namespaces: namespacesSource, images: imagesSource, pulls: pullsSource },
  step: { hops: ['pod-secrets'], of: 'the registry' },
  otherwise: [],
  async gather({ pod, namespaces, images }, { request: { plainHttp }, context }) {
    const known = knownNamespaces(namespaces)
    if (pod === undefined || known === undefined) return []
    const own = secretNamesIn(pod.name.namespace, known.jobs)
    const entries = new Map([...pod.secrets].map(([name, content]) => [name, dockerConfigOf(content)?.entries ?? none]))
    const secrets = [...entries].map(([name, config]) => ({ name, keys: [...config.keys()] }))
    const shadows = images.flatMap((image) => findShadow(image, { own, secrets }))
    const attempts = shadows.map(async ({ order, ...shadow }) => {
      const used = order.flatMap(({ secret, key }) => entries.get(secret)?.get(key) ?? [])
      const attempt = await tryInTurn(used, shadow.image, { ...context, plainHttp })
      return attempt === undefined ? [] : [{ ...shadow, attempt }]
    })
    return (await Promise.all(attempts)).flat()
  },
})

export const podSecretsHop: Hop = defineHop({
  name: 'pod-secrets',
  needs: { pod: podSource, namespaces: namespacesSource, images: imagesSource, shadows: shadowsSource },
  after: [],
  applies: () => false,
  evaluate({ pod: facts, namespaces, images, shadows }, { request: { commands } }) {
    const known = knownNamespaces(namespaces)
    const pod = facts?.pod
    if (facts === undefined || known === undefined || pod === undefined || pod instanceof PullpassError) return []
    const own = secretNamesIn(facts.name.namespace, known.jobs)
    return evaluatePodSecrets(pod, facts, { own, images, shadows, commands })
  },
})

const none: ReadonlyMap<string, DockerConfigEntry> = new Map()

interface PodSecrets {
  readonly own: readonly string[]
  readonly secrets: readonly KeyedSecret[]
}

function findShadow(image: Image, { own, secrets }: PodSecrets) {
  const order = credentialOrder(secrets, image.reference)
  const [alone] = credentialOrder(
    secrets.filter(({ name }) => own.includes(name)),
    image.reference,
  )
  const [instead] = order
  if (alone === undefined || instead === undefined || order.some(({ secret }) => own.includes(secret))) return []
  return [{ image, own: alone, instead, order }]
}

interface PodSecretsView {
  /** Names of Secrets that are evaluated at hop `secret`. */
  readonly own: readonly string[]
  /** Of the pod. */
  readonly images: readonly Image[]
  readonly shadows: readonly ShadowFacts[]
  readonly commands: PrintedCommands
}

function evaluatePodSecrets(
  pod: Pod,
  { secrets, account }: Pick<PodFacts, 'secrets' | 'account'>,
  { own, images, shadows, commands }: PodSecretsView,
): HopFinding[] {
  const { namespace, imagePullSecrets } = pod
  const keyed = [...secrets].map(([name, content]) => ({
    name,
    keys: [...(dockerConfigOf(content)?.entries.keys() ?? [])],
  }))
  return imagePullSecrets
    .filter((name) => !own.includes(name) && secrets.has(name)) // of very many, some were not read
    .map((name) => {
      const content = secrets.get(name)
      const evaluated =
        evaluateUnread(content) ??
        evaluateParsing(content, brokenRemedy(name, { pod, account, commands })) ??
        evaluateShadow(shadows.find(({ instead }) => instead.secret === name)) ??
        evaluateTried(name, { own, images, keyed })
      return { hop: 'pod-secrets', about: `Secret ${namespace}/${name}`, ...evaluated }
    })
}

interface Named extends Pick<PodFacts, 'account'> {
  readonly pod: Pod
  readonly commands: PrintedCommands
}

/** A Secret that the pod does not need is not deleted: the service account stops naming it. */
function brokenRemedy(broken: string, { pod, account, commands }: Named): Remedy {
  const { namespace, name, imagePullSecrets, serviceAccountName } = pod
  const attached = account === undefined || account instanceof PullpassError ? [] : account.imagePullSecrets
  if (!imagePullSecrets.every((secret) => attached.includes(secret))) {
    return {
      command: commands.kubectl('delete', 'secret', broken, '-n', namespace),
      words:
        'kubelets ignore a Secret that does not exist; if it is needed, create it again: kubectl create secret docker-registry',
    }
  }
  const left = attached.filter((secret) => secret !== broken)
  return {
    command: `${attachCommand({ namespace, name: serviceAccountName }, left, commands)} && ${commands.kubectl('delete', 'pod', name, '-n', namespace)}`,
    words: `${recreationNote(pod)}; the Secret is kept`,
  }
}

function evaluateUnread(content: PullSecretContent | PullpassError | undefined): Evaluated | undefined {
  if (content instanceof PullpassError) {
    return { result: 'skipped', code: 'NOT_READABLE', seen: `it cannot be read: ${content.seen}` }
  }
  if (content !== undefined) return undefined
  return {
    result: 'warning',
    code: 'OTHER_SECRET_NOT_FOUND',
    seen: 'it does not exist: kubelets ignore it',
    expected: 'a Secret, or no reference to it',
    remedy: { words: 'make it, or remove its name from what makes the pod' },
  }
}

function evaluateParsing(
  content: PullSecretContent | PullpassError | undefined,
  remedy: Remedy,
): Evaluated | undefined {
  const breaking = dockerConfigOf(content)?.findings.find(({ effect }) => effect === 'breaks-pulls')
  if (breaking === undefined) return undefined
  const what = breaking.host === undefined ? breaking.seen : `${breaking.host}: ${breaking.seen}`
  return {
    result: 'failed',
    code: 'OTHER_SECRET_MALFORMED',
    seen: `kubelets cannot parse it, so a pod that names it pulls no image at all, whatever its other Secrets contain: ${what}`,
    expected: 'a Secret that kubelets can parse: JSON, and auth in standard base64 with a ":"',
    remedy,
  }
}

/** What is tried in the place of a document's Secret does no harm where it can pull, or where nothing is known of it. */
function evaluateShadow(shadow: ShadowFacts | undefined): Evaluated | undefined {
  if (shadow?.attempt.outcome !== 'refused') return undefined
  const { image, own, instead, attempt } = shadow
  return {
    result: 'failed',
    code: 'OTHER_SECRET_SHADOWS',
    seen: `for ${image.name} kubelets use its key ${instead.key} and never ${own.key} of ${own.secret}; it is refused: the ${attempt.at} ${attempt.url} responded with ${attempt.words}`,
    expected: `that ${own.secret} is used, too: Docker Hub's old key is used only where no other matches`,
    remedy: {
      words: `use docker.io instead of ${own.key} in hosts of the document: kubelets try all that match, one after another`,
    },
  }
}

interface Tried extends Pick<PodSecretsView, 'own' | 'images'> {
  readonly keyed: readonly KeyedSecret[]
}

/** Of credentials that fit, a refused one costs a try and no more. */
function evaluateTried(name: string, { own, images, keyed }: Tried): Evaluated {
  const ok = (seen: string): Evaluated => ({ result: 'ok', code: 'OK', seen })
  for (const image of images) {
    const order = credentialOrder(keyed, image.reference).map(({ secret }) => secret)
    const [mine, its] = [order.find((secret) => own.includes(secret)), order.indexOf(name)]
    if (mine === undefined || its < 0) continue
    const when = its < order.indexOf(mine) ? 'before' : 'after'
    return ok(`kubelets try it for ${image.name} ${when} ${mine}, and continue where it is refused`)
  }
  return ok('it has no effect: kubelets can parse it, or ignore it')
}
