/** Opens a server on 127.0.0.1, port 0, and tracks its sockets, so that one can be reset and all can be closed. */
import http from 'node:http'
import http2 from 'node:http2'
import https from 'node:https'
import type { Socket } from 'node:net'
import type { CertificateAuthority } from './certificate-authority.ts'
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
  const address = server.address()
  return {
    port: typeof address === 'object' && address ? address.port : 0,
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
  const { certificate, key } = await tls.authority.issueServerCertificate(tls.serverNames)
  const secure = {
    cert: certificate,
    key,
    ...(tls.clientCertificates === 'requested' && { ca: tls.authority.ca, requestCert: true }),
    rejectUnauthorized: false, // the handler authenticates and authorizes clients
  }
  if (tls.http2 === 'absent') return https.createServer({ ...secure, keepAliveTimeout }, listener)
  const alternative = { allowHTTP1: true, keepAliveTimeout } // keepAliveTimeout applies to HTTP/1.1; its default is 5 s
  return http2.createSecureServer(
    { ...secure, ...alternative, settings: { maxConcurrentStreams: maxStreams } },
    listener,
  )
}
