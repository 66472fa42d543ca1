/**
 * Connections through an HTTP proxy: CONNECT (RFC 9110 §9.3.6), then TLS with the target inside the tunnel. Bounded in
 * time and size: Node's own proxy support reads a proxy's response without limit and does not report which proxy failed.
 */
import type { Agent, AgentOptions } from 'node:https'
import { connect as connectTcp, type Socket } from 'node:net'
import { connect as connectTls, type SecureContext } from 'node:tls'
import { systemErrorCode } from '../host/read-file.ts'
import type { HttpProxy } from './proxy.ts'
import { ProxyFailed } from './transport.ts'

/** As Node bounds the head of a response. Bytes. */
const longestHead = 16 * 1024

/**
 * `tls`: verification of the target; an https proxy is verified with the same authorities. Connections are kept alive.
 * `timeoutMs`: for resolving the proxy, connecting to it and its response.
 */
export async function tunnelAgent(proxy: HttpProxy, tls: AgentOptions, timeoutMs: number = 20_000): Promise<Agent> {
  const { Agent } = await import('node:https')
  const agent = new Agent({ ...tls, keepAlive: true })
  agent.createConnection = (options, callback) => {
    const { host = '', port = 443, servername, rejectUnauthorized } = options
    const request = { target: `${bracketed(host ?? '')}:${port}`, timeoutMs, secureContext: tls.secureContext }
    const connect = async () => {
      const socket = await openTunnel(proxy, request)
      const target = { host: host ?? '', servername, rejectUnauthorized: rejectUnauthorized !== false }
      return connectTls({ ALPNProtocols: ['http/1.1'], ...tls, ...target, socket })
    }
    void report(connect, callback)
    return undefined
  }
  return agent
}

/** As Node's callback: an error, or null and the socket. */
async function report(
  connect: () => Promise<Socket>,
  callback: ((error: Error | null, socket: Socket) => void) | undefined,
): Promise<void> {
  const settled = await connect().catch((error: unknown) => (error instanceof Error ? error : new Error('failed')))
  if (callback === undefined) return
  if (settled instanceof Error) Reflect.apply(callback, undefined, [settled])
  else callback(null, settled)
}

const bracketed = (host: string) => (host.includes(':') ? `[${host}]` : host)

interface TunnelRequest {
  /** `HOST:PORT`. */
  readonly target: string
  readonly timeoutMs: number
  readonly secureContext: SecureContext | undefined
}

/** Rejects with ProxyFailed. */
async function openTunnel(proxy: HttpProxy, { target, timeoutMs, secureContext }: TunnelRequest): Promise<Socket> {
  const socket = connectToProxy(proxy, secureContext)
  const { promise, resolve, reject } = Promise.withResolvers<Socket>()
  const fail = (why: string, status?: number) => {
    reject(new ProxyFailed({ proxy, target, why, status }))
    socket.destroy()
  }
  const over = setTimeout(() => fail(`opened no tunnel within ${timeoutMs / 1000} s`), timeoutMs)
  const onClose = () => fail('closed the connection without a response')
  let head = ''
  const onData = (piece: Buffer) => {
    head += piece.toString('latin1')
    let { status, rest } = parseHead(head)
    while (rest !== undefined && isInterim(status)) {
      head = rest
      ;({ status, rest } = parseHead(head))
    }
    if (rest === undefined) {
      if (head.length > longestHead) fail('sent no HTTP response')
    } else if (status === undefined) fail('sent no HTTP response')
    else if (status < 200 || status > 299) fail(`responded with ${status}`, status)
    else if (rest !== '') fail('sent data after its response')
    else resolve(socket)
  }
  socket.on('error', (error) => fail(`failed: ${systemErrorCode(error) ?? 'no reason given'}`))
  socket.once('close', onClose)
  socket.on('data', onData)
  socket.write(connectRequest(proxy, target))
  try {
    const tunnel = await promise
    tunnel.pause()
    return tunnel
  } finally {
    clearTimeout(over)
    socket.removeListener('data', onData)
    socket.removeListener('close', onClose)
  }
}

function connectToProxy({ protocol, host, port }: HttpProxy, secureContext: SecureContext | undefined): Socket {
  if (protocol === 'http:') return connectTcp({ host, port })
  return connectTls({
    host,
    port,
    ...(/^[\d.]+$|:/.test(host) ? {} : { servername: host }),
    ...(secureContext && { secureContext }),
    ALPNProtocols: ['http/1.1'],
    rejectUnauthorized: true,
  })
}

function connectRequest({ authorization }: HttpProxy, target: string): string {
  const lines = [`CONNECT ${target} HTTP/1.1`, `host: ${target}`]
  if (authorization !== undefined) lines.push(`proxy-authorization: ${authorization.reveal()}`)
  return `${lines.join('\r\n')}\r\n\r\n`
}

/** 101 switches to another protocol, which was not requested: a final response. */
const isInterim = (status: number | undefined) => status !== undefined && status < 200 && status !== 101

/** `rest`: the text after the head, undefined while the head is incomplete; `status`: undefined if it is not HTTP. */
function parseHead(text: string): { status?: number; rest?: string } {
  const end = text.indexOf('\r\n\r\n')
  if (end === -1) return {}
  const status = /^HTTP\/1\.[01] ([1-5]\d\d)[ \r]/.exec(text)?.[1]
  return { rest: text.slice(end + 4), ...(status !== undefined && { status: Number(status) }) }
}
