/** Ends a connection that nobody has used for 90 s of the part's clock, as servers written in Go do, the Kubernetes API
 *  server among them: HTTP/2 with GOAWAY (RFC 9113 §6.8), HTTP/1.1 by its end. */
import { constants, Http2ServerRequest, type Http2Session } from 'node:http2'
import type { Socket } from 'node:net'
import type { Incoming } from './receive-request.ts'
import type { Outgoing } from './send-response.ts'

export interface IdleTimeout {
  /** The request's connection is in use until its answer is done. */
  readonly use: (incoming: Incoming, outgoing: Outgoing) => void
  readonly stop: () => void
}

type Connection = Http2Session | Socket

interface Use {
  requests: number
  lastMs: number
}

const idleMs = 90_000
const checkIntervalMs = 50 // of real time: a clock that is moved tells nobody

export function createIdleTimeout(now: () => Date): IdleTimeout {
  const uses = new Map<Connection, Use>()
  const closeIdle = (): void => {
    const idleSinceMs = now().getTime() - idleMs
    for (const [connection, { requests, lastMs }] of uses) {
      if (requests > 0 || lastMs > idleSinceMs) continue
      uses.delete(connection)
      closeConnection(connection)
    }
  }
  const timer = setInterval(closeIdle, checkIntervalMs).unref()
  return {
    use(incoming, outgoing) {
      const connection = connectionOf(incoming)
      if (!connection) return
      const use = uses.get(connection) ?? track(connection)
      use.requests += 1
      outgoing.once('close', () => {
        use.requests -= 1
        use.lastMs = now().getTime()
      })
    },
    stop: () => clearInterval(timer),
  }

  function track(connection: Connection): Use {
    const use = { requests: 0, lastMs: now().getTime() }
    uses.set(connection, use)
    connection.once('close', () => uses.delete(connection))
    return use
  }
}

const connectionOf = (incoming: Incoming): Connection | undefined =>
  incoming instanceof Http2ServerRequest ? incoming.stream.session : incoming.socket

function closeConnection(connection: Connection): void {
  if (connection.destroyed) return // by its client, and its own end is still to be told
  if ('goaway' in connection) {
    connection.goaway(constants.NGHTTP2_NO_ERROR)
    connection.close()
  } else connection.end()
}
