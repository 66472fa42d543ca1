/**
 * The proxy that the environment names for a URL: HTTPS_PROXY, HTTP_PROXY and NO_PROXY as curl and kubectl read them.
 * https://curl.se/docs/manpage.html#ENVIRONMENT, https://pkg.go.dev/golang.org/x/net/http/httpproxy#Config
 */

import { PullpassError } from '../errors/pullpass-error.ts'
import { quote } from '../text/quote.ts'
import { Redacted } from '../text/redacted.ts'
import type { Environment } from './context.ts'

export interface NamedProxy {
  /** Its URL, which may hold a password. */
  readonly url: string
  /** What named it, for messages: `HTTPS_PROXY`, `proxy-url in FILE`. */
  readonly source: string
}

export interface HttpProxy {
  readonly protocol: 'http:' | 'https:'
  /** An address in IPv6 without brackets. */
  readonly host: string
  readonly port: number
  /** The whole value of Proxy-Authorization (RFC 7617). */
  readonly authorization: Redacted | undefined
  readonly source: string
}

/** Undefined where the server is reached directly: no proxy is named, NO_PROXY covers it, or it is this machine. */
export function proxyFor(target: URL, environment: Environment): NamedProxy | undefined {
  const named = firstOf(environment, target.protocol === 'https:' ? 'HTTPS_PROXY' : 'HTTP_PROXY')
  const host = bareHost(target)
  if (named === undefined || isLoopback(host)) return undefined
  const port = target.port || (target.protocol === 'https:' ? '443' : '80')
  const noProxy = firstOf(environment, 'NO_PROXY')?.value ?? ''
  if (noProxy.split(',').some((entry) => covers(entry.trim(), host, port))) return undefined
  return { url: named.value.includes('://') ? named.value : `http://${named.value}`, source: named.name }
}

/**
 * Refuses a proxy that the way to clouds and registries cannot use, before anything is sent: to go around it is no choice.
 * @throws USAGE_INVALID
 */
export function checkProxy(environment: Environment): void {
  const named = proxyFor(new URL('https://host.invalid'), environment) // only NO_PROXY=* covers it
  if (named !== undefined) parseHttpProxy(named)
  const noProxy = firstOf(environment, 'NO_PROXY')
  if (noProxy !== undefined && firstOf(environment, 'HTTPS_PROXY') !== undefined)
    checkNoProxy(noProxy.value, noProxy.name)
}

/**
 * An entry that covers nothing would send through the proxy what is to be reached directly. Empty entries are passed over, as
 * curl and Go do. `source`: what names the list, for messages.
 * @throws USAGE_INVALID naming the first invalid entry
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

/** @throws USAGE_INVALID, without the URL: it may hold a password */
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

/** A `%` that encodes nothing stands for itself. */
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
      : `${source} names a ${scheme} proxy, which pullpass cannot use for clouds and registries`,
    expected: 'HOST:PORT, http://HOST:PORT or https://HOST:PORT',
    hint: `set ${source} to an HTTP proxy, or unset it; a kubeconfig may name a SOCKS proxy for the API server: proxy-url`,
  })
}

/** curl's order: the lower-case name first; an empty value counts as absent. */
function firstOf(environment: Environment, name: string): { name: string; value: string } | undefined {
  for (const spelling of [name.toLowerCase(), name]) {
    const value = environment[spelling]?.trim()
    if (value) return { name: spelling, value }
  }
  return undefined
}

const bareHost = ({ hostname }: URL): string => hostname.replace(/^\[(.*)\]$/, '$1')

const isLoopback = (host: string) => host === 'localhost' || host === '::1' || /^127\.\d+\.\d+\.\d+$/.test(host)

/** `*`, `host[:port]` with its subdomains, `.domain` without the domain itself, an address, a network in CIDR form. */
function covers(entry: string, host: string, port: string): boolean {
  if (entry === '') return false
  if (entry === '*') return true
  const { isIP } = process.getBuiltinModule('node:net') // only here: it costs a start-up 2 ms
  if (entry.includes('/')) return networkHolds(entry, host)
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

function networkHolds(cidr: string, host: string): boolean {
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
