/**
 * Parses an image name into its full form, with the defaults of kubelets and container runtimes.
 * https://github.com/distribution/reference: grammar in reference.go, defaults in normalize.go
 */

export interface ImageReference {
  /** host[:port]; default `docker.io`. */
  readonly host: string
  /** Path without host; `library/` is added for Docker Hub's official images. */
  readonly repository: string
  /** Default `latest`, unless there is a digest. */
  readonly tag: string | undefined
  readonly digest: string | undefined
}

/** Characters; a repository's path alone may have 255. */
const longest = 1024

const label = '[a-zA-Z0-9](?:[a-zA-Z0-9-]*[a-zA-Z0-9])?'
const host = new RegExp(String.raw`^(?:${label}(?:\.${label})*|\[[a-fA-F0-9:]+\])(?::[0-9]+)?$`)
const component = '[a-z0-9]+(?:(?:[._]|__|-+)[a-z0-9]+)*'
const repository = new RegExp(`^${component}(?:/${component})*$`)
const tag = /^\w[\w.-]{0,127}$/
const digest = /^(?:sha256:[a-f0-9]{64}|sha384:[a-f0-9]{96}|sha512:[a-f0-9]{128})$/

/** Undefined if kubelets reject the name (InvalidImageName). */
export function parseImageReference(name: string): ImageReference | undefined {
  // An image id cannot be pulled.
  if (name.length > longest || /^[a-f0-9]{64}$/.test(name)) return undefined
  const [plain = '', givenDigest, ...moreDigests] = name.split('@')
  const [givenHost, rest] = splitHost(plain)
  const [path = '', givenTag, ...moreTags] = rest.split(':')
  const valid =
    moreDigests.length + moreTags.length === 0 &&
    host.test(givenHost) &&
    path.length <= 255 &&
    repository.test(path) &&
    (givenTag === undefined || tag.test(givenTag)) &&
    (givenDigest === undefined || digest.test(givenDigest))
  if (!valid) return undefined
  const tagOrDefault = givenTag ?? (givenDigest === undefined ? 'latest' : undefined)
  return { host: givenHost, repository: path, tag: tagOrDefault, digest: givenDigest }
}

/** The part before the first `/` is a host if it cannot be the first part of a Docker Hub repository. */
function splitHost(plain: string): [host: string, rest: string] {
  const slash = plain.indexOf('/')
  const first = slash < 0 ? '' : plain.slice(0, slash)
  const isHost = /[.:]/.test(first) || first === 'localhost' || first !== first.toLowerCase()
  const rest = isHost ? plain.slice(slash + 1) : plain
  if (isHost && first !== 'docker.io' && first !== 'index.docker.io') return [first, rest]
  return ['docker.io', rest.includes('/') ? rest : `library/${rest}`]
}
