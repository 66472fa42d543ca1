/**
 * Notices an HTTP/2 connection that is gone without a word, by asking it (PING, RFC 9113 §6.7).
 * A write that meets a reset leaves Node's TLS waiting for that write for ever, its reading stopped (node 24.21): no
 * event tells, and nothing keeps the process alive. So the watch's own timer does, while a request waits.
 */
import type { ClientHttp2Session } from 'node:http2'
import type { TLSSocket } from 'node:tls'
import { Stalled } from './line.ts'

export interface SilenceWatch {
  /** Runs `request` under watch. */
  during<T>(request: () => Promise<T>): Promise<T>
}

/** After `quietMs` without a byte the other side is asked; after as long without an answer the session is destroyed. */
export function watchSilence(session: ClientHttp2Session, socket: TLSSocket, quietMs: number): SilenceWatch {
  let waiting = 0
  let timer: NodeJS.Timeout | undefined
  let readBefore = -1
  let asked = false
  const look = () => {
    const silent = socket.bytesRead === readBefore
    readBefore = socket.bytesRead
    if (silent && asked) session.destroy(new Stalled(2 * quietMs))
    else if (silent && !session.destroyed) session.ping(() => {}) // its answer is a byte that was read
    asked = silent
  }
  return {
    async during(request) {
      if (++waiting === 1) {
        readBefore = -1
        asked = false
        timer = setInterval(look, quietMs)
      }
      try {
        return await request()
      } finally {
        if (--waiting === 0) clearInterval(timer)
      }
    },
  }
}
