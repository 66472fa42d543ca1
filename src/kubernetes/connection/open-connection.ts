/** Opens a connection: HTTP/2 if TLS negotiates it (ALPN, RFC 7301), HTTP/1.1 otherwise. */
import type { Agent } from 'node:http'
import type { ConnectionOptions, TLSSocket } from 'node:tls'
import { secureContextFor } from '../../http/https-transport.ts'
import type { ClusterAccess, Trust } from './cluster.ts'
import { type Connection, ConnectionStalled, Untrusted } from './connection.ts'

export interface ConnectionLimits {
  /** Maximum of concurrent requests. */
  readonly inFlight: number
  /** How long nothing may be received before a request counts as stalled. */
  readonly idleTimeoutMs: number
}

/** Rejects with Untrusted, what `access` throws, the system's own error, or the reason of `ended`. */
export async function openConnection(
  access: ClusterAccess,
  limits: ConnectionLimits,
  ended: AbortSignal,
): Promise<Connection> {
  if (access.server.protocol === 'http:') return await openPlain(access, limits)
  const trust = await access.trust()
  if (access.proxy) {
    const proxied = tlsOptions(access.server, trust)
    return await openHttps(proxied, limits, await access.proxy(proxied))
  }
  const options = { ...tlsOptions(access.server, trust), ...(await sharedContext(trust)) }
  // Sequential requests need no streams, and node:http2 takes 4 ms to load.
  if (limits.inFlight === 1) return await openHttps(options, limits)
  const socket = await shakeHands(options, limits.idleTimeoutMs, ended)
  if (socket.alpnProtocol === 'h2') {
    const { openHttp2Connection } = await import('./http2-connection.ts')
    return openHttp2Connection(socket, access.server, limits.idleTimeoutMs)
  }
  socket.destroy() // the server supports HTTP/1.1 only; the agent opens its own connections
  return await openHttps(options, limits)
}

function tlsOptions(server: URL, trust: Trust): ConnectionOptions {
  const host = bareHost(server)
  return {
    host,
    port: Number(server.port || 443),
    // RFC 6066 §3: an IP address is not a valid server name.
    ...(trust.serverName ? { servername: trust.serverName } : isAddress(host) ? {} : { servername: host }),
    ...(trust.ca === undefined ? {} : { ca: trust.ca }),
    ...(trust.clientCertificate === undefined ? {} : { cert: trust.clientCertificate }),
    ...(trust.clientKey === undefined ? {} : { key: trust.clientKey.reveal() }),
    rejectUnauthorized: trust.verify === 'always',
  }
}

/** Connections that trust the same authorities share them parsed, unless they also have a client key, which is not kept. */
async function sharedContext({ ca, clientKey }: Trust): Promise<Pick<ConnectionOptions, 'secureContext'>> {
  if (ca === undefined || clientKey !== undefined) return {}
  return { secureContext: secureContextFor(await import('node:tls'), ca, 'none') }
}

const bareHost = (server: URL) => server.hostname.replace(/^\[(.*)\]$/, '$1')
const isAddress = (host: string) => /^[\d.]+$/.test(host) || host.includes(':')

async function shakeHands(options: ConnectionOptions, idleTimeoutMs: number, ended: AbortSignal): Promise<TLSSocket> {
  const { connect } = await import('node:tls')
  ended.throwIfAborted()
  return await new Promise((resolve, reject) => {
    const socket = connect({ ...options, ALPNProtocols: ['h2', 'http/1.1'] })
    const over = setTimeout(() => socket.destroy(new ConnectionStalled(idleTimeoutMs)), idleTimeoutMs)
    const giveUp = () => socket.destroy(ended.reason)
    ended.addEventListener('abort', giveUp, { once: true })
    socket.once('close', () => clearTimeout(over))
    socket.once('error', (error) => reject(socket.authorizationError ? new Untrusted(error) : error))
    socket.once('secureConnect', () => {
      clearTimeout(over)
      ended.removeEventListener('abort', giveUp)
      socket.removeAllListeners('error')
      resolve(socket)
    })
  })
}

async function openHttps(target: ConnectionOptions, limits: ConnectionLimits, proxied?: Agent): Promise<Connection> {
  const { Agent, request } = await import('node:https')
  const { openHttp1Connection } = await import('./http1-connection.ts')
  const agent = proxied ?? new Agent({ keepAlive: true, maxSockets: limits.inFlight })
  const streamAgent = proxied ?? new Agent()
  return openHttp1Connection({ request, agent, streamAgent, target, idleTimeoutMs: limits.idleTimeoutMs })
}

async function openPlain({ server, proxy }: ClusterAccess, limits: ConnectionLimits): Promise<Connection> {
  const { Agent, request } = await import('node:http')
  const { openHttp1Connection } = await import('./http1-connection.ts')
  const proxied = await proxy?.({})
  const agent = proxied ?? new Agent({ keepAlive: true, maxSockets: limits.inFlight })
  const streamAgent = proxied ?? new Agent()
  const target = { host: bareHost(server), port: Number(server.port || 80) }
  return openHttp1Connection({ request, agent, streamAgent, target, idleTimeoutMs: limits.idleTimeoutMs })
}
