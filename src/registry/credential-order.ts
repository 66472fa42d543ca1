/**
 * In which order a kubelet tries the pull secrets of a pod for an image: every credential that fits, one after another,
 * until one can pull, so that a refused one costs a try and no more. Kubernetes, pkg/credentialprovider/keyring.go, Add and
 * Lookup; pkg/kubelet/kuberuntime/kuberuntime_image.go, PullImage.
 */
import { matchImage } from './match-image.ts'
import type { ImageReference } from './parse-image-reference.ts'

/** In the order in which the pod names them. */
export interface KeyedSecret {
  readonly name: string
  readonly keys: readonly string[]
}

export interface TriedCredential {
  readonly secret: string
  readonly key: string
}

/** By key as within one secret; of equal keys, that of the secret which is named first. */
export function credentialOrder(
  secrets: readonly KeyedSecret[],
  image: Pick<ImageReference, 'host' | 'repository'>,
): TriedCredential[] {
  const all = secrets.flatMap(({ name, keys }) => keys.map((key) => ({ secret: name, key })))
  const left = Map.groupBy(all, ({ key }) => key)
  // Equal keys keep their order through the match: the next of them is the next secret's.
  return matchImage(
    all.map(({ key }) => key),
    image,
  ).flatMap((key) => left.get(key)?.shift() ?? [])
}
