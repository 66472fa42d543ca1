/** Which keys of a pull secret a kubelet tries for an image. Kubernetes, pkg/credentialprovider/keyring.go, Lookup. */
import type { ImageReference } from './image-reference.ts'

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

/**
 * Whether one key of a pull secret fits an image, as kubelets see it. Kubernetes, pkg/credentialprovider/keyring.go:
 * host[:port][/path], where `*` stands for any part of one host label, the port must be equal, and the path is a plain
 * prefix: `quay.io/team` fits `quay.io/teamwork/app` too.
 */
export type KeyVerdict = 'fits' | 'other host' | 'other port' | 'other path'

export function compareKey(key: string, { host, repository }: Pick<ImageReference, 'host' | 'repository'>): KeyVerdict {
  const wanted = splitKey(canonicalKey(key))
  const image = splitKey(`${host}/${repository}`)
  const labels = image.host.split('.')
  const globs = wanted.host.split('.')
  if (globs.length !== labels.length || !globs.every((glob, at) => fitsLabel(glob, labels[at] ?? '')))
    return 'other host'
  if (wanted.port !== image.port) return 'other port'
  return image.path.startsWith(wanted.path) ? 'fits' : 'other path'
}

/** Without scheme, user, query, and the API version that docker's old keys carry (`https://index.docker.io/v1/`). */
function canonicalKey(key: string): string {
  const plain = key.replace(/^https?:\/\//, '').replace(/[?#].*$/s, '')
  const slash = plain.indexOf('/')
  const authority = slash < 0 ? plain : plain.slice(0, slash)
  const path = slash < 0 ? '' : plain.slice(slash).replace(/^\/v[12]\//, '/')
  return authority.slice(authority.lastIndexOf('@') + 1) + (path === '/' ? '' : path)
}

/** The port is empty where there is none, as after a lone `:`. An IPv6 address loses its brackets only beside a port. */
function splitKey(key: string): { host: string; port: string; path: string } {
  const slash = key.indexOf('/')
  const authority = slash < 0 ? key : key.slice(0, slash)
  const path = slash < 0 ? '' : key.slice(slash)
  const [, bracketed, plain = '', port] = /^(?:\[([^[\]]*)\]|([^:[\]]*)):(\d*)$/.exec(authority) ?? []
  return port === undefined ? { host: authority, port: '', path } : { host: bracketed ?? plain, port, path }
}

/** Linear in both lengths, whatever the number of `*`: a pattern comes from whoever wrote the secret. */
function fitsLabel(glob: string, label: string): boolean {
  // Go reads [ as the start of a character class, which no host can have: an IPv6 address without a port fits nothing.
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

// In which order a kubelet tries the pull secrets of a pod for an image: every credential that fits, one after another,
// until one can pull, so that a refused one costs a try and no more. Kubernetes, pkg/credentialprovider/keyring.go, Add and
// Lookup; pkg/kubelet/kuberuntime/kuberuntime_image.go, PullImage.

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
