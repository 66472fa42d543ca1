/**
 * The proxy that the environment names for a server: HTTPS_PROXY, HTTP_PROXY and NO_PROXY as kubectl reads them.
 * https://pkg.go.dev/golang.org/x/net/http/httpproxy#Config
 */
import { BlockList, isIP } from 'node:net'
import type { Environment } from '../outside/outside.ts'

/** Undefined where the server is reached directly: for want of a proxy, by NO_PROXY, or since it is this machine. */
export function proxyForServer(server: URL, environment: Environment): string | undefined {
  const variable = server.protocol === 'https:' ? 'HTTPS_PROXY' : 'HTTP_PROXY'
  const proxy = read(environment, variable)
  const host = server.hostname.replace(/^\[(.*)\]$/, '$1')
  if (!proxy || isLoopback(host)) return undefined
  const port = server.port || (server.protocol === 'https:' ? '443' : '80')
  const direct = (read(environment, 'NO_PROXY') ?? '').split(',').some((entry) => covers(entry.trim(), host, port))
  return direct ? undefined : proxy.includes('://') ? proxy : `http://${proxy}`
}

const read = (environment: Environment, name: string) => environment[name] || environment[name.toLowerCase()]

const isLoopback = (host: string) =>
  host === 'localhost' || host === '::1' || (isIP(host) === 4 && host.startsWith('127.'))

/** `*`, `host[:port]` with its subdomains, `.domain` without the domain itself, an address, a network in CIDR form. */
function covers(entry: string, host: string, port: string): boolean {
  if (entry === '') return false
  if (entry === '*') return true
  if (entry.includes('/')) return network(entry)?.check(host, family(host)) ?? false
  const [, name = entry, onlyPort] = /^(.*[^:]):(\d+)$/.exec(isIP(entry) ? '' : entry) ?? []
  if (onlyPort !== undefined && onlyPort !== port) return false
  const domain = name.toLowerCase().replace(/^\*?\./, '.')
  return domain.startsWith('.') ? host.endsWith(domain) : host === domain || host.endsWith(`.${domain}`)
}

function network(cidr: string): BlockList | undefined {
  const [address = '', length = ''] = cidr.split('/')
  if (!isIP(address) || !/^\d{1,3}$/.test(length) || Number(length) > (isIP(address) === 4 ? 32 : 128)) return undefined
  const list = new BlockList()
  list.addSubnet(address, Number(length), family(address))
  return list
}

const family = (address: string) => (isIP(address) === 6 ? 'ipv6' : 'ipv4')
