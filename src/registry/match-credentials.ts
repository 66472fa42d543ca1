/** The keys of pull secrets that a kubelet tries for an image. Kubernetes, pkg/credentialprovider/keyring.go, Lookup. */
import { canonicalKey } from '../credential/docker-config.ts'
import type { ImageReference } from './image-reference.ts'

const hub = 'index.docker.io'

/**
 * All matching keys in the order in which a kubelet tries them until one can pull: reverse lexicographic, so the key with the
 * longer path comes first.
 */
export function matchImage(
  keys: readonly string[],
  image: Pick<ImageReference, 'host' | 'repository'>,
): readonly string[] {
  const ordered = keys.toSorted((left, right) => compare(canonicalKey(right), canonicalKey(left)))
  const fitting = ordered.filter((key) => compareKey(key, image) === 'fits')
  if (fitting.length > 0) return fitting
  // Docker Hub's old key is tried if no other matches, also for hosts without a dot, such as `localhost/app`.
  const perhapsHub = image.host === 'docker.io' || !/[.:]/.test(image.host)
  return perhapsHub ? ordered.filter((key) => canonicalKey(key) === hub) : []
}

const compare = (left: string, right: string) => (left < right ? -1 : left > right ? 1 : 0)

/**
 * Whether a key of a pull secret matches an image. Kubernetes, pkg/credentialprovider/keyring.go: host[:port][/path], where `*`
 * matches any part of one host label, the port must be equal, and the path is a plain prefix: `images.example.com/team` also
 * matches `images.example.com/teamwork/app`.
 */
export type KeyMatch = 'fits' | 'other host' | 'other port' | 'other path'

export function compareKey(key: string, { host, repository }: Pick<ImageReference, 'host' | 'repository'>): KeyMatch {
  const entry = splitKey(canonicalKey(key))
  const image = splitKey(`${host}/${repository}`)
  const labels = image.host.split('.')
  const globs = entry.host.split('.')
  if (globs.length !== labels.length || !globs.every((glob, at) => fitsLabel(glob, labels[at] ?? '')))
    return 'other host'
  if (entry.port !== image.port) return 'other port'
  return image.path.startsWith(entry.path) ? 'fits' : 'other path'
}

/** The port is empty if absent, and after a lone `:`. An IPv6 address loses its brackets only with a port. */
function splitKey(key: string): { host: string; port: string; path: string } {
  const slash = key.indexOf('/')
  const authority = slash < 0 ? key : key.slice(0, slash)
  const path = slash < 0 ? '' : key.slice(slash)
  const [, bracketed, plain = '', port] = /^(?:\[([^[\]]*)\]|([^:[\]]*)):(\d*)$/.exec(authority) ?? []
  return port === undefined ? { host: authority, port: '', path } : { host: bracketed ?? plain, port, path }
}

/** Linear in both lengths, for any number of `*`: patterns are untrusted. */
function fitsLabel(glob: string, label: string): boolean {
  // Go reads [ as the start of a character class: an IPv6 address without a port matches nothing.
  if (glob.includes('[')) return false
  const [first = '', ...others] = glob.split('*')
  const last = others.pop()
  if (last === undefined) return glob === label
  if (label.length < first.length + last.length || !label.startsWith(first) || !label.endsWith(last)) return false
  let rest = label.slice(first.length, label.length - last.length)
  for (const part of others) {
    const at = rest.indexOf(part)
    if (at < 0) return false
    rest = rest.slice(at + part.length)
  }
  return true
}

// The order in which a kubelet tries the credentials of a pod's pull secrets until one can pull: a refused credential is skipped.
// Kubernetes, pkg/credentialprovider/keyring.go, Add and Lookup; pkg/kubelet/kuberuntime/kuberuntime_image.go, PullImage.

/** In the pod's order. */
export interface KeyedSecret {
  readonly name: string
  readonly keys: readonly string[]
}

export interface TriedCredential {
  readonly secret: string
  readonly key: string
}

/** By key as within one secret; of equal keys, that of the first secret. */
export function credentialOrder(
  secrets: readonly KeyedSecret[],
  image: Pick<ImageReference, 'host' | 'repository'>,
): TriedCredential[] {
  const all = secrets.flatMap(({ name, keys }) => keys.map((key) => ({ secret: name, key })))
  const left = Map.groupBy(all, ({ key }) => key)
  // Equal keys keep their order: the next one belongs to the next secret.
  return matchImage(
    all.map(({ key }) => key),
    image,
  ).flatMap((key) => left.get(key)?.shift() ?? [])
}
