/**
 * Images for which a kubelet never tries the document's Secret, since another pull secret of the pod fits: that happens at
 * Docker Hub alone, whose old key is tried only where no other fits. What is tried instead is tried here as well; elsewhere
 * a kubelet goes on from a refused credential to the next, so that nobody else's credential need be sent.
 */
import type { DockerConfigEntry } from '../../credential/docker-config.ts'
import { credentialOrder, type KeyedSecret, type TriedCredential } from '../../registry/match-credentials.ts'
import type { PullTrial, TrialContext } from '../../registry/pull.ts'
import type { WantedImage } from '../asked.ts'
import { dockerConfigOf } from '../docker-config-of.ts'
import type { PodFacts } from './gather-pod.ts'
import { tryInTurn } from './try-in-turn.ts'

export interface ShadowFacts {
  readonly image: WantedImage
  /** The Secret of a document that fits by itself, and its key. */
  readonly own: TriedCredential
  /** What is tried in its place. */
  readonly instead: TriedCredential
  readonly trial: PullTrial
}

/** `own`: names of the Secrets that documents write into the pod's namespace. */
export async function gatherShadows(
  {
    pod,
    own,
    images,
  }: { readonly pod: PodFacts; readonly own: readonly string[]; readonly images: readonly WantedImage[] },
  context: TrialContext,
): Promise<ShadowFacts[]> {
  const entries = new Map([...pod.secrets].map(([name, content]) => [name, dockerConfigOf(content)?.entries ?? none]))
  const secrets = [...entries].map(([name, held]) => ({ name, keys: [...held.keys()] }))
  const shadows = images.flatMap((image) => findShadow(image, { own, secrets }))
  const trials = shadows.map(async ({ order, ...shadow }) => {
    const tried = order.flatMap(({ secret, key }) => entries.get(secret)?.get(key) ?? [])
    const trial = await tryInTurn(tried, shadow.image, context)
    return trial === undefined ? [] : [{ ...shadow, trial }]
  })
  return (await Promise.all(trials)).flat()
}

const none: ReadonlyMap<string, DockerConfigEntry> = new Map()

interface Held {
  readonly own: readonly string[]
  readonly secrets: readonly KeyedSecret[]
}

function findShadow(image: WantedImage, { own, secrets }: Held) {
  const order = credentialOrder(secrets, image.reference)
  const [alone] = credentialOrder(
    secrets.filter(({ name }) => own.includes(name)),
    image.reference,
  )
  const [instead] = order
  if (alone === undefined || instead === undefined || order.some(({ secret }) => own.includes(secret))) return []
  return [{ image, own: alone, instead, order }]
}
