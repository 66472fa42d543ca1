/**
 * Connections for streams only. A stream lasts for minutes and occupies one of the concurrent streams that the server allows on a
 * connection: on the connection of the requests, enough of them would leave none for a request, which waits for it without an error.
 *
 *   requests ──▶ their connection
 *   streams ───▶ connection 1 (full), connection 2 (full), connection 3
 */
import { type Connection, type ReusedConnection, reuseConnection } from './connection.ts'

export interface StreamConnections {
  /** A connection that has a free stream, opened if there is none. Rejects as `ReusedConnection.current`. */
  take(): Promise<StreamConnection>
  /** Ends every connection and its streams, and those that are taken later. */
  end(): Promise<void>
}

export interface StreamConnection {
  readonly connection: Connection
  /** When the stream has ended. Further calls have no effect. */
  readonly release: () => void
}

interface Member {
  readonly connections: ReusedConnection
  streams: number
}

/** `maxStreams`: of one connection. */
export function createStreamConnections(
  open: (ended: AbortSignal) => Promise<Connection>,
  maxStreams: number,
): StreamConnections {
  const members = new Set<Member>()
  let isEnded = false
  const release = (member: Member) => {
    member.streams -= 1
    if (member.streams > 0) return
    members.delete(member)
    void member.connections.end()
  }
  return {
    async take() {
      const member = memberWithFreeStream(members, maxStreams) ?? { connections: reuseConnection(open), streams: 0 }
      members.add(member)
      member.streams += 1
      if (isEnded) void member.connections.end()
      let isReleased = false
      const releaseOnce = () => {
        if (!isReleased) release(member)
        isReleased = true
      }
      try {
        return { connection: await member.connections.current(), release: releaseOnce }
      } catch (error) {
        releaseOnce()
        throw error
      }
    },
    async end() {
      isEnded = true
      await Promise.all([...members].map(({ connections }) => connections.end()))
    },
  }
}

function memberWithFreeStream(members: ReadonlySet<Member>, maxStreams: number): Member | undefined {
  for (const member of members) if (member.streams < maxStreams) return member
  return undefined
}
