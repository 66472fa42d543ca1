/**
 * Whether one key of a pull secret fits an image, as kubelets see it. Kubernetes, pkg/credentialprovider/keyring.go:
 * host[:port][/path], where `*` stands for any part of one host label, the port must be equal, and the path is a plain
 * prefix: `quay.io/team` fits `quay.io/teamwork/app` too.
 */
import type { ImageReference } from './parse-image-reference.ts'

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
export function canonicalKey(key: string): string {
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
