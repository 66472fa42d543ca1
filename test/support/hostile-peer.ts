/** A server that violates HTTP/1.1 on purpose, over plain TCP. */
import assert from 'node:assert/strict'
import { createServer, type Server, type Socket } from 'node:net'
import type { TestContext } from 'node:test'

/** What the server does with a connection after the head of a request. */
export type Behavior = (socket: Socket) => void

const drip = (socket: Socket, text: string) => {
  const timer = setInterval(() => socket.write(text), 5)
  socket.once('close', () => clearInterval(timer))
}

/** These never end unless the client closes the connection. */
export const endless: Record<string, Behavior> = {
  'sends nothing': () => undefined,
  'sends an interim response now and then': (socket) => drip(socket, 'HTTP/1.1 102 Processing\r\n\r\n'),
  'sends the header byte by byte': (socket) => {
    socket.write('HTTP/1.1 200 OK\r\nx: ')
    drip(socket, 'x')
  },
  'sends the body byte by byte': (socket) => {
    socket.write('HTTP/1.1 200 OK\r\n\r\n')
    drip(socket, 'x')
  },
  'sends a length, and less': (socket) => socket.write('HTTP/1.1 200 OK\r\ncontent-length: 100\r\n\r\n{}'),
  'sends chunks without the last one': (socket) =>
    socket.write('HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n2\r\n{}\r\n'),
  'sends trailers byte by byte': (socket) => {
    socket.write('HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n2\r\n{}\r\n0\r\nx: ')
    drip(socket, 'y')
  },
}

/** These are not a response, and are detected immediately. */
export const broken: Record<string, Behavior> = {
  'switches protocols': (socket) =>
    socket.write('HTTP/1.1 101 Switching Protocols\r\nconnection: upgrade\r\nupgrade: websocket\r\n\r\n'),
  'switches protocols without naming one': (socket) => socket.write('HTTP/1.1 101 Switching Protocols\r\n\r\n'),
  'switches protocols and closes': (socket) =>
    socket.end('HTTP/1.1 101 Switching Protocols\r\nconnection: upgrade\r\nupgrade: h2c\r\n\r\n'),
  'floods with interim responses': (socket) => {
    const timer = setInterval(() => socket.write('HTTP/1.1 103 Early Hints\r\nlink: </a>\r\n\r\n'.repeat(100)), 1)
    socket.once('close', () => clearInterval(timer))
  },
  'closes without a response': (socket) => socket.end(),
  'closes within the header': (socket) => socket.end('HTTP/1.1 200 OK\r\nconte'),
  'closes within the body': (socket) => socket.end('HTTP/1.1 200 OK\r\ncontent-length: 100\r\n\r\n{}'),
  'closes before the last chunk': (socket) =>
    socket.end('HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n2\r\n{}\r\n'),
  'resets the connection': (socket) => socket.resetAndDestroy(),
  'resets the connection within the body': (socket) => {
    socket.write('HTTP/1.1 200 OK\r\ncontent-length: 100\r\n\r\n{}', () => socket.resetAndDestroy())
  },
  'responds in another protocol': (socket) => socket.write('SSH-2.0-OpenSSH_9.9\r\n'),
  'sends a header without bounds': (socket) => {
    socket.write('HTTP/1.1 200 OK\r\nx: ')
    const timer = setInterval(() => socket.write('x'.repeat(10_000)), 1)
    socket.once('close', () => clearInterval(timer))
  },
  'sends trailers without bounds': (socket) => {
    socket.write('HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n2\r\n{}\r\n0\r\n')
    const timer = setInterval(() => socket.write(`x: ${'y'.repeat(10_000)}\r\n`), 1)
    socket.once('close', () => clearInterval(timer))
  },
}

export interface HostilePeer {
  readonly port: number
  /** The number of open connections. */
  readonly open: () => number
}

export async function startHostilePeer(t: TestContext, misbehave: Behavior): Promise<HostilePeer> {
  const sockets = new Set<Socket>()
  const server: Server = createServer((socket) => {
    sockets.add(socket)
    socket.on('error', () => {})
    socket.once('close', () => sockets.delete(socket))
    let head = ''
    socket.on('data', function read(piece) {
      head += piece.toString('latin1')
      if (!head.includes('\r\n\r\n')) return
      socket.removeListener('data', read).resume()
      misbehave(socket)
    })
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  t.after(() => {
    for (const socket of sockets) socket.destroy()
    server.close()
  })
  const address = server.address()
  assert.ok(address !== null && typeof address === 'object')
  return { port: address.port, open: () => sockets.size }
}
