/** Forwards TCP connections, as a network does, which can lose a route without notice or lead to another server. */
import { connect, createServer, type Socket } from 'node:net'

export interface TcpForwarder {
  readonly port: number
  /** Connections that were accepted so far. */
  readonly accepted: () => number
  /** Present connections stay open, and nothing is forwarded on them any more. */
  readonly fallSilent: () => void
  /** Present connections are reset; further ones lead to this port of 127.0.0.1. */
  readonly leadTo: (port: number) => void
}

export async function startTcpForwarder(
  t: { readonly after: (end: () => void) => void },
  to: number,
): Promise<TcpForwarder> {
  let target = to
  let accepted = 0
  const ends = new Set<Socket>()
  const server = createServer((near) => {
    accepted += 1
    const far = connect(target, '127.0.0.1')
    for (const [end, other] of [
      [near, far],
      [far, near],
    ] as const) {
      ends.add(end)
      end.on('error', () => {})
      end.once('close', () => {
        ends.delete(end)
        other.destroy()
      })
      end.pipe(other)
    }
  })
  await new Promise<void>((resolve) => void server.listen(0, '127.0.0.1', resolve))
  const reset = () => {
    for (const end of ends) end.resetAndDestroy()
  }
  t.after(() => {
    reset()
    server.close()
  })
  const address = server.address()
  return {
    port: typeof address === 'object' && address !== null ? address.port : 0,
    accepted: () => accepted,
    fallSilent() {
      for (const end of ends) end.unpipe().pause()
    },
    leadTo(port) {
      target = port
      reset()
    },
  }
}
