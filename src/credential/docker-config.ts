/**
 * A dockerconfigjson as a kubelet parses it. Kubernetes, pkg/credentialprovider/config.go: one entry that cannot be parsed makes
 * every pull of the pod fail, for all images and with all its other pull secrets.
 */
import { asObject, isObject, jsonOrNone } from '../text/json-fields.ts'
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

/**
 * A key of an entry as a kubelet compares it: without scheme, user, query, and the API version of docker's old keys
 * (`https://index.docker.io/v1/`).
 */
export function canonicalKey(key: string): string {
  const plain = key.replace(/^https?:\/\//, '').replace(/[?#].*$/s, '')
  const slash = plain.indexOf('/')
  const authority = slash < 0 ? plain : plain.slice(0, slash)
  const path = slash < 0 ? '' : plain.slice(slash).replace(/^\/v[12]\//, '/')
  return authority.slice(authority.lastIndexOf('@') + 1) + (path === '/' ? '' : path)
}

/**
 * The secrets of a Docker configuration, without its hosts and user names, which errors quote: passwords, `auth` and tokens. The
 * whole text, where it contains anything else or cannot be parsed.
 */
export function secretsOf(text: Redacted, form: 'auths' | 'bare' = 'auths'): Redacted[] {
  const config = jsonOrNone(text.reveal())
  const auths = form === 'bare' ? config : asObject(config)?.['auths']
  const others = form === 'bare' ? [] : Object.keys(asObject(config) ?? {}).filter((name) => name !== 'auths')
  const entries = Object.entries(asObject(auths) ?? {})
  const { entries: parsed, findings } = parseDockerConfig(text, form)
  const isPlain = entries.every(
    ([key, entry]) => !key.includes('@') && isObject(entry) && Object.values(entry).every(isText),
  )
  if (others.length > 0 || !isPlain || findings.some(({ effect }) => effect === 'breaks-pulls')) return [text]
  const values = entries.flatMap(([, entry]) => Object.entries(asObject(entry) ?? {}))
  const texts = values.flatMap(([name, value]) => (isText(value) && !/^(?:username|email)$/i.test(name) ? [value] : []))
  return [...texts.map((value) => new Redacted(value)), ...[...parsed.values()].map(({ password }) => password)]
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
