/** Closes connections that were idle for 90 s by the part's clock, as Go servers such as the Kubernetes API server do:
 *  HTTP/2 with GOAWAY (RFC 9113 §6.8), HTTP/1.1 by closing the socket. */
import { constants, Http2ServerRequest, type Http2Session } from 'node:http2'
import type { Socket } from 'node:net'
import type { Incoming } from './receive-request.ts'
import type { Outgoing } from './send-response.ts'

export interface IdleTimeout {
  /** Marks the connection as active until the response has been sent. */
  readonly use: (incoming: Incoming, outgoing: Outgoing) => void
  readonly stop: () => void
}

type Connection = Http2Session | Socket

interface Use {
  requests: number
  lastMs: number
}

const idleMs = 90_000
const checkIntervalMs = 50 // of system time: a movable clock does not notify

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
  if (connection.destroyed) return // by the client; its close event is pending
  if ('goaway' in connection) {
    connection.goaway(constants.NGHTTP2_NO_ERROR)
    connection.close()
  } else connection.end()
}
