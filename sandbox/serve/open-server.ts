/** Opens a server on 127.0.0.1, port 0, and tracks its sockets, so that one can be reset and all can be closed. */
import http from 'node:http'
import http2 from 'node:http2'
import https from 'node:https'
import { createServer as createTcpServer, type Socket, type Server as TcpServer } from 'node:net'
import type { Certificate, CertificateAuthority } from './certificate-authority.ts'
import type { Incoming } from './receive-request.ts'
import type { Outgoing } from './send-response.ts'

export interface TlsOptions {
  readonly authority: CertificateAuthority
  /** Whether ALPN offers HTTP/2 in addition to HTTP/1.1. */
  readonly http2: 'offered' | 'absent'
  readonly clientCertificates?: 'requested' | 'ignored'
  /** Names in the server's certificate; absent: the loopback addresses. */
  readonly serverNames?: readonly string[]
}

export interface OpenServer {
  readonly port: number
  /** Resets the TCP connection of the request. */
  readonly reset: (incoming: Incoming) => void
  readonly close: () => Promise<void>
}

type Listener = (incoming: Incoming, outgoing: Outgoing) => void

const maxStreams = 100 // as the Kubernetes API server
const keepAliveTimeout = 0 // idle connections are kept, unless a part closes them by its clock

export async function openServer(tls: TlsOptions | undefined, listener: Listener): Promise<OpenServer> {
  const server = await createServer(tls, listener)
  const sockets = new Map<number, Socket>()
  server.on('connection', (socket: Socket) => {
    const port = socket.remotePort ?? 0
    sockets.set(port, socket)
    socket.once('close', () => sockets.delete(port))
  })
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject)
    server.listen(0, '127.0.0.1', resolve)
  })
  return {
    port: portOf(server),
    reset: (incoming) => sockets.get(incoming.socket.remotePort ?? 0)?.resetAndDestroy(),
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve())
        for (const socket of sockets.values()) socket.destroy()
      }),
  }
}

async function createServer(tls: TlsOptions | undefined, listener: Listener) {
  if (!tls) return http.createServer({ keepAliveTimeout }, listener)
  const terminator = terminatorOf(await tls.authority.issueServerCertificate(tls.serverNames), tls)
  const server = createTcpServer((connection) => terminator.secure.emit('connection', connection))
  server.once('listening', () => {
    const port = portOf(server)
    terminator.listeners.set(port, listener)
    server.once('close', () => {
      // The last connection may end when another server already has the port.
      if (terminator.listeners.get(port) === listener) terminator.listeners.delete(port)
    })
  })
  return server
}

/**
 * A server that does not listen itself, and serves every port of a process that has the same certificate: creating a server's TLS
 * context takes a millisecond, and a sandbox has nine ports.
 */
interface Terminator {
  readonly secure: http2.Http2SecureServer | https.Server
  /** By port. */
  readonly listeners: Map<number, Listener>
}

const terminators = new WeakMap<Certificate, Map<string, Terminator>>()

function terminatorOf(issued: Certificate, tls: TlsOptions): Terminator {
  const known = terminators.get(issued) ?? new Map<string, Terminator>()
  terminators.set(issued, known)
  const variant = `${tls.http2} ${tls.clientCertificates}`
  const terminator = known.get(variant) ?? createTerminator(issued, tls)
  known.set(variant, terminator)
  return terminator
}

function createTerminator({ certificate, key }: Certificate, tls: TlsOptions): Terminator {
  const secure = {
    cert: certificate,
    key,
    ...(tls.clientCertificates === 'requested' && { ca: tls.authority.ca, requestCert: true }),
    rejectUnauthorized: false, // the handler authenticates and authorizes clients
    keepAliveTimeout, // of HTTP/1.1; its default is 5 s
  }
  const listeners: Terminator['listeners'] = new Map()
  const listener: Listener = (incoming, outgoing) => {
    listeners.get(incoming.socket.localPort ?? 0)?.(incoming, outgoing)
  }
  if (tls.http2 === 'absent') return { secure: https.createServer(secure, listener), listeners }
  const settings = { maxConcurrentStreams: maxStreams }
  return { secure: http2.createSecureServer({ ...secure, allowHTTP1: true, settings }, listener), listeners }
}

function portOf(server: Pick<TcpServer, 'address'>): number {
  const address = server.address()
  return typeof address === 'object' && address ? address.port : 0
}
