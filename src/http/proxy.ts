/**
 * The proxy for a URL: HTTPS_PROXY, HTTP_PROXY and NO_PROXY, with the rules of curl and kubectl.
 * https://curl.se/docs/manpage.html#ENVIRONMENT, https://pkg.go.dev/golang.org/x/net/http/httpproxy#Config
 */

import { PullpassError } from '../errors/pullpass-error.ts'
import { quote } from '../text/plain-text.ts'
import { Redacted } from '../text/redacted.ts'
import type { Environment } from './context.ts'

export interface NamedProxy {
  /** Can contain a password. */
  readonly url: string
  /** Where it is configured, for messages: `HTTPS_PROXY`, `proxy-url in FILE`. */
  readonly source: string
}

export interface HttpProxy {
  readonly protocol: 'http:' | 'https:'
  /** An IPv6 address has no brackets. */
  readonly host: string
  readonly port: number
  /** The whole value of Proxy-Authorization (RFC 7617). */
  readonly authorization: Redacted | undefined
  readonly source: string
}

/** Undefined if the server is reached directly: no proxy is set, NO_PROXY matches, or it is a loopback address. */
export function proxyFor(target: URL, environment: Environment): NamedProxy | undefined {
  const named = firstOf(environment, target.protocol === 'https:' ? 'HTTPS_PROXY' : 'HTTP_PROXY')
  const host = bareHost(target)
  if (named === undefined || isLoopback(host)) return undefined
  const port = target.port || (target.protocol === 'https:' ? '443' : '80')
  const noProxy = firstOf(environment, 'NO_PROXY')?.value ?? ''
  if (noProxy.split(',').some((entry) => matches(entry.trim(), host, port))) return undefined
  return { url: named.value.includes('://') ? named.value : `http://${named.value}`, source: named.name }
}

/**
 * Refuses an unusable proxy before anything is sent: it is never bypassed.
 * @throws USAGE_INVALID
 */
export function checkProxy(environment: Environment): void {
  const named = proxyFor(new URL('https://host.invalid'), environment) // matched only by NO_PROXY=*
  if (named !== undefined) parseHttpProxy(named)
  const noProxy = firstOf(environment, 'NO_PROXY')
  if (noProxy !== undefined && firstOf(environment, 'HTTPS_PROXY') !== undefined)
    checkNoProxy(noProxy.value, noProxy.name)
}

/**
 * An entry that matches no host would send requests through the proxy that should be direct. Empty entries are skipped, as
 * in curl and Go. `source`: where the list is configured, for messages.
 * @throws USAGE_INVALID with the first invalid entry
 */
export function checkNoProxy(list: string, source: string): void {
  const entries = list.split(',').map((entry) => entry.trim())
  const invalid = entries.find((entry) => entry !== '' && !isNoProxyEntry(entry))
  if (invalid === undefined) return
  throw new PullpassError({
    code: 'USAGE_INVALID',
    hop: 'run',
    seen: `${source} has the entry ${quote(invalid)}, which no host matches`,
    expected:
      '*, HOST, .DOMAIN, each also with :PORT, an address, or a network such as 10.0.0.0/8, separated by commas',
    hint: `correct ${source}`,
  })
}

function isNoProxyEntry(entry: string): boolean {
  const { isIP } = process.getBuiltinModule('node:net')
  if (entry === '*' || isIP(entry) !== 0) return true
  if (entry.includes('/')) return parseNetwork(entry) !== undefined
  const inBrackets = /^\[([\da-f:.]{2,45})\](?::\d{1,5})?$/i.exec(entry)?.[1]
  if (inBrackets !== undefined) return isIP(inBrackets) === 6
  const [host = '', port, ...more] = entry.split(':')
  if (more.length > 0 || (port !== undefined && !(/^\d{1,5}$/.test(port) && Number(port) <= 65_535))) return false
  return host.length <= 253 && /^(?:\*?\.)?[a-z0-9_-]{1,63}(?:\.[a-z0-9_-]{1,63})*\.?$/i.test(host)
}

/** @throws USAGE_INVALID, without the URL: it can contain a password */
export function parseHttpProxy({ url: text, source }: NamedProxy): HttpProxy {
  const url = URL.parse(text)
  const protocol = url?.protocol
  if (url === null || (protocol !== 'http:' && protocol !== 'https:') || url.hostname === '') {
    throw unusable(source, /^([a-z][a-z0-9+.-]{0,20}):\/\//i.exec(text)?.[1]?.toLowerCase())
  }
  const user = url.username === '' ? undefined : `${decoded(url.username)}:${decoded(url.password)}`
  return {
    protocol,
    host: bareHost(url),
    port: Number(url.port || (protocol === 'https:' ? 443 : 80)),
    authorization: user === undefined ? undefined : new Redacted(`Basic ${Buffer.from(user).toString('base64')}`),
    source,
  }
}

/** A `%` that encodes nothing is taken literally. */
function decoded(text: string): string {
  try {
    return decodeURIComponent(text)
  } catch {
    return text
  }
}

function unusable(source: string, scheme: string | undefined): PullpassError {
  const isHttp = scheme === undefined || scheme === 'http' || scheme === 'https'
  return new PullpassError({
    code: 'USAGE_INVALID',
    hop: 'run',
    seen: isHttp
      ? `${source} is not the URL of a proxy`
      : `${source} is a ${scheme} proxy, which pullpass cannot use for clouds and registries`,
    expected: 'HOST:PORT, http://HOST:PORT or https://HOST:PORT',
    hint: `set ${source} to an HTTP proxy, or unset it; for the API server, a kubeconfig can set a SOCKS proxy: proxy-url`,
  })
}

/** As in curl: the lower-case name first; an empty value counts as absent. */
function firstOf(environment: Environment, name: string): { name: string; value: string } | undefined {
  for (const spelling of [name.toLowerCase(), name]) {
    const value = environment[spelling]?.trim()
    if (value) return { name: spelling, value }
  }
  return undefined
}

const bareHost = ({ hostname }: URL): string => hostname.replace(/^\[(.*)\]$/, '$1')

/** `*`, `host[:port]` with its subdomains, `.domain` without the domain itself, an address, a network in CIDR form. */
function matches(entry: string, host: string, port: string): boolean {
  if (entry === '') return false
  if (entry === '*') return true
  const { isIP } = process.getBuiltinModule('node:net') // loaded only here: 2 ms at startup
  if (entry.includes('/')) return networkContains(entry, host)
  const colon = entry.lastIndexOf(':')
  const onlyPort = isIP(entry) === 0 && colon > 0 ? entry.slice(colon + 1) : ''
  const hasPort = /^\d{1,5}$/.test(onlyPort)
  if (hasPort && onlyPort !== port) return false
  const domain = (hasPort ? entry.slice(0, colon) : entry)
    .toLowerCase()
    .replace(/^\*?\./, '.')
    .replace(/\.$/, '')
    .replace(/^\[(.*)\]$/, '$1')
  return domain.startsWith('.') ? host.endsWith(domain) : host === domain || host.endsWith(`.${domain}`)
}

function networkContains(cidr: string, host: string): boolean {
  const { BlockList, isIP } = process.getBuiltinModule('node:net')
  const family = (address: string) => (isIP(address) === 6 ? 'ipv6' : 'ipv4')
  const network = parseNetwork(cidr)
  if (network === undefined) return false
  const list = new BlockList()
  list.addSubnet(network.address, network.length, family(network.address))
  return list.check(host, family(host))
}

function parseNetwork(cidr: string): { readonly address: string; readonly length: number } | undefined {
  const family = process.getBuiltinModule('node:net').isIP
  const [address = '', length = '', ...more] = cidr.split('/')
  const isNetwork = family(address) !== 0 && more.length === 0 && /^\d{1,3}$/.test(length)
  if (!isNetwork || Number(length) > (family(address) === 4 ? 32 : 128)) return undefined
  return { address, length: Number(length) }
}

/** The host of a URL, with or without the brackets of an IPv6 address. */
export const isLoopback = (hostname: string): boolean =>
  /^(?:localhost|127(?:\.\d{1,3}){3}|::1|\[::1\])$/.test(hostname)
