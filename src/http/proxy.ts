/**
 * The proxy that the environment names for a URL: HTTPS_PROXY, HTTP_PROXY and NO_PROXY as curl and kubectl read them.
 * https://curl.se/docs/manpage.html#ENVIRONMENT, https://pkg.go.dev/golang.org/x/net/http/httpproxy#Config
 */

import { PullpassError } from '../errors/pullpass-error.ts'
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
  const domain = (hasPort ? entry.slice(0, colon) : entry).toLowerCase().replace(/^\*?\./, '.')
  return domain.startsWith('.') ? host.endsWith(domain) : host === domain || host.endsWith(`.${domain}`)
}

function networkHolds(cidr: string, host: string): boolean {
  const { BlockList, isIP } = process.getBuiltinModule('node:net')
  const family = (address: string) => (isIP(address) === 6 ? 'ipv6' : 'ipv4')
  const [address = '', length = ''] = cidr.split('/')
  if (!isIP(address) || !/^\d{1,3}$/.test(length) || Number(length) > (isIP(address) === 4 ? 32 : 128)) return false
  const list = new BlockList()
  list.addSubnet(address, Number(length), family(address))
  return list.check(host, family(host))
}
