/** A port of 127.0.0.1 that nobody listens on, for a program that cannot choose one and tell it. */
import { once } from 'node:events'
import { createServer, type Server } from 'node:net'

export async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const port = listeningPort(server)
  server.close()
  await once(server, 'close')
  return port
}

/** The port that a server got which asked for any. */
export function listeningPort(server: Server): number {
  const address = server.address()
  if (address === null || typeof address === 'string') throw new TypeError('the server does not listen on a port')
  return address.port
}
