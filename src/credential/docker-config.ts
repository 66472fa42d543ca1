/**
 * A dockerconfigjson as a kubelet parses it. Kubernetes, pkg/credentialprovider/config.go: one entry that cannot be parsed makes
 * every pull of the pod fail, for all images and with all its other pull secrets.
 */
import { isObject } from '../text/json-fields.ts'
import { Redacted } from '../text/redacted.ts'
import type { RegistryCredential } from './registry-credential.ts'

export interface DockerConfig {
  /** The usable entries, by their keys as in the text. */
  readonly entries: ReadonlyMap<string, DockerConfigEntry>
  readonly findings: readonly DockerConfigFinding[]
}

interface DockerConfigFinding {
  readonly effect: 'breaks-pulls' | 'ignored'
  /** The key of the entry; absent: the whole text. */
  readonly host?: string
  /** Never a part of a credential. */
  readonly seen: string
}

type Report = (effect: DockerConfigFinding['effect'], seen: string) => undefined

/** `bare`: the format of the old `.dockercfg`, only the entries. */
export function parseDockerConfig(text: Redacted, form: 'auths' | 'bare' = 'auths'): DockerConfig {
  const findings: DockerConfigFinding[] = []
  const entries = new Map<string, DockerConfigEntry>()
  const auths = parseAuths(text.reveal(), form, (effect, seen) => void findings.push({ effect, seen }))
  for (const [host, value] of auths ?? []) {
    const entry = parseEntry(value, (effect, seen) => void findings.push({ effect, host, seen }))
    if (entry !== undefined) entries.set(host, entry)
  }
  return { entries, findings }
}

function parseAuths(text: string, form: 'auths' | 'bare', report: Report): [key: string, value: unknown][] | undefined {
  let config: unknown
  try {
    config = form === 'bare' ? { auths: JSON.parse(text) } : JSON.parse(text)
  } catch {
    // The parser's message quotes the text, and is dropped.
    return report('breaks-pulls', 'it is not JSON')
  }
  if (!isObject(config ?? {})) return report('breaks-pulls', 'it is not a JSON object')
  if (!fields(config, 'HttpHeaders').every((headers) => isObject(headers) && Object.values(headers).every(isText))) {
    report('breaks-pulls', 'HttpHeaders is not an object of strings')
  }
  const auths = fields(config, 'auths')
  if (!auths.every(isObject)) return report('breaks-pulls', 'auths is not an object')
  return auths.length === 0 ? report('ignored', 'it has no auths') : auths.flatMap((each) => Object.entries(each))
}

function parseEntry(value: unknown, report: Report): DockerConfigEntry | undefined {
  if (!isObject(value ?? {})) return report('breaks-pulls', 'it is not an object')
  const texts = new Map<string, string>()
  for (const name of ['username', 'password', 'email', 'auth']) {
    const given = fields(value, name)
    if (!given.every(isText)) return report('breaks-pulls', `${name} is not a string`)
    texts.set(name, given.at(-1) ?? '')
  }
  const { auth = '', username = '', password = '' } = Object.fromEntries(texts)
  const pair = auth === '' ? { username, password } : decodeAuth(auth, report)
  if (pair === undefined) return undefined
  const differs = pair.username !== username || pair.password !== password
  if ((username !== '' || password !== '') && differs) report('ignored', 'username and password differ from auth')
  if (fields(value, 'identitytoken').some((token) => token !== ''))
    report('ignored', 'kubelets do not know identitytoken')
  if (pair.username === '' && pair.password === '') report('ignored', 'it has neither user name nor password')
  return { username: pair.username, password: new Redacted(pair.password) }
}

/** RFC 7617 §2: everything up to the first `:` is the user name. */
function decodeAuth(auth: string, report: Report): { username: string; password: string } | undefined {
  // Go's decoder ignores line breaks, and nothing else.
  const digits = auth.replaceAll(/[\r\n]/g, '')
  if (!/^(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}(?:==)?|[A-Za-z0-9+/]{3}=?)?$/.test(digits)) {
    const what = /^[A-Za-z0-9_=-]+$/.test(digits) ? ', but perhaps base64url' : ''
    return report('breaks-pulls', `auth is not standard base64${what}`)
  }
  const decoded = Buffer.from(digits, 'base64').toString('utf8')
  const colon = decoded.indexOf(':')
  if (colon < 0) return report('breaks-pulls', 'auth contains no ":" between user name and password')
  return { username: decoded.slice(0, colon), password: decoded.slice(colon + 1) }
}

/** Go accepts a field in any case, also `AUTH`: it checks each and uses the last. Null counts as absent. */
function fields(value: unknown, name: string): unknown[] {
  const named = Object.entries(value ?? {}).filter(([key]) => key.toLowerCase() === name.toLowerCase())
  return named.map(([, content]) => content).filter((content) => content !== null)
}

const isText = (value: unknown): value is string => typeof value === 'string'

// The value of a pull secret's `.dockerconfigjson`, in the format of `kubectl create secret docker-registry`.
// https://kubernetes.io/docs/tasks/configure-pod-container/pull-image-private-registry/

/**
 * JSON text with an entry for each host. `keep`: earlier entries for hosts without a current credential. The same credentials in
 * any order give the same bytes, so an unchanged apply writes nothing.
 */
export function renderDockerConfig(
  credentials: readonly RegistryCredential[],
  keep: ReadonlyMap<string, DockerConfigEntry> = new Map(),
): Redacted {
  const entries = new Map(keep)
  for (const credential of credentials) {
    for (const host of credential.hosts) entries.set(host, credential)
  }
  const hosts = [...entries].toSorted(([left], [right]) => (left < right ? -1 : 1))
  const auths = Object.fromEntries(hosts.map(([host, entry]) => [host, renderEntry(entry)]))
  return new Redacted(JSON.stringify({ auths }))
}

/** Kubelets and skopeo read only `auth`; other clients only the pair. */
function renderEntry({ username, password }: DockerConfigEntry) {
  const opened = password.reveal()
  return { username, password: opened, auth: Buffer.from(`${username}:${opened}`).toString('base64') }
}

/** One entry of a dockerconfigjson: user name and password for a host. */
export interface DockerConfigEntry {
  readonly username: string
  readonly password: Redacted
}

/** The type of the Secrets that pullpass writes, and that kubelets read. https://kubernetes.io/docs/concepts/configuration/secret/#docker-config-secrets */
export const pullSecretType = 'kubernetes.io/dockerconfigjson'
