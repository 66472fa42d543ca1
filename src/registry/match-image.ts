/** Which keys of a pull secret a kubelet tries for an image. Kubernetes, pkg/credentialprovider/keyring.go, Lookup. */
import { canonicalKey, compareKey } from './compare-key.ts'
import type { ImageReference } from './parse-image-reference.ts'

const hub = 'index.docker.io'

/**
 * All keys that fit, in the order in which a kubelet tries them until one can pull: reverse lexicographic, so that of
 * two keys for one host the one with the longer path comes first.
 */
export function matchImage(
  keys: readonly string[],
  image: Pick<ImageReference, 'host' | 'repository'>,
): readonly string[] {
  const ordered = keys.toSorted((left, right) => compare(canonicalKey(right), canonicalKey(left)))
  const fitting = ordered.filter((key) => compareKey(key, image) === 'fits')
  if (fitting.length > 0) return fitting
  // Docker Hub's old key is tried where no other fits, and not for the Hub alone: `localhost/app` passes for the Hub's.
  const perhapsHub = image.host === 'docker.io' || !/[.:]/.test(image.host)
  return perhapsHub ? ordered.filter((key) => canonicalKey(key) === hub) : []
}

const compare = (left: string, right: string) => (left < right ? -1 : left > right ? 1 : 0)
