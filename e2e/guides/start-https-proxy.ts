/**
 * A proxy (RFC 9110 §9.3.6) for public host names: it routes each name to a local handler with a certificate of that name.
 * So a guide's commands run unchanged, with Google's own host names.
 */
import { once } from 'node:events'
import { createServer } from 'node:http'
import { Agent } from 'node:https'
import { connect, type Socket } from 'node:net'
import type { CertificateAuthority } from '../../sandbox/serve/certificate-authority.ts'
import type { SandboxHandler } from '../../sandbox/serve/handler.ts'
import { servePart } from '../../sandbox/serve/serve-part.ts'

export interface HttpsProxy {
  /** `http://127.0.0.1:PORT`, for HTTPS_PROXY. */
  readonly url: string
  /** For requests of node:https through the proxy. */
  readonly agent: Agent
  /** Adds handlers for these names. */
  readonly serve: (handlers: Readonly<Record<string, SandboxHandler>>, authority: CertificateAuthority) => Promise<void>
  /** Routes the names to a local port, whose server has a certificate for them. */
  readonly route: (names: readonly string[], port: number) => void
  /** Requested names without a handler. */
  readonly unknownHosts: ReadonlySet<string>
  readonly close: () => Promise<void>
}

export async function startHttpsProxy(): Promise<HttpsProxy> {
  const unknownHosts = new Set<string>()
  const sockets = new Set<Socket>()
  const ports = new Map<string, number>()
  const closing: (() => Promise<void>)[] = []
  const route = (names: readonly string[], port: number) => {
    for (const name of names) ports.set(name, port)
  }
  const server = createServer((_, response) => response.writeHead(405).end())
  server.on('connection', (socket) => sockets.add(socket.once('close', () => sockets.delete(socket))))
  server.on('connect', ({ url = '' }, socket: Socket, head: Buffer) => {
    const name = url.replace(/:443$/, '')
    const port = ports.get(name)
    socket.on('error', () => {}) // the client disconnected
    if (port !== undefined) return tunnel(socket, head, port)
    unknownHosts.add(name)
    socket.end('HTTP/1.1 502 Bad Gateway\r\n\r\n')
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const address = server.address()
  const url = `http://127.0.0.1:${typeof address === 'object' ? address?.port : ''}`
  return {
    url,
    agent: new Agent({ proxyEnv: { HTTPS_PROXY: url } }),
    unknownHosts,
    route,
    async serve(handlers, authority) {
      const names = Object.keys(handlers)
      const handler: SandboxHandler = (request) => handlers[request.headers['host'] ?? '']?.(request) ?? { status: 421 }
      const part = await servePart({ handler, tls: { authority, http2: 'offered', serverNames: names } })
      closing.push(part.close)
      route(names, part.port)
    },
    async close() {
      await Promise.all(closing.map((end) => end()))
      for (const socket of sockets) socket.destroy()
      server.close()
    },
  }
}

function tunnel(socket: Socket, head: Buffer, port: number): void {
  const upstream = connect(port, '127.0.0.1', () => {
    socket.write('HTTP/1.1 200 Connection Established\r\n\r\n')
    upstream.write(head)
    upstream.pipe(socket).pipe(upstream)
  })
  upstream.on('error', () => socket.destroy())
  socket.on('close', () => upstream.destroy())
}
