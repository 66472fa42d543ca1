/** Transports that report each request: in the log, where the last one without an answer is the slow one, and as a wait. */

import { showUrl } from '../text/show.ts'
import type { Context, Log } from './context.ts'
import type { Transport } from './transport.ts'

export function logRequests(transport: Transport, log: Log): Transport {
  return async (request) => {
    const asked = { method: request.method, url: showUrl(request.url) }
    log('debug', 'a request', asked)
    const answer = await transport(request)
    log('debug', 'an answer', { ...asked, status: answer.status })
    return answer
  }
}

/** `waiting` undefined: no terminal shows it. */
export function reportRequests(transport: Transport, waiting: Context['waiting']): Transport {
  if (waiting === undefined) return transport
  return async (request) => {
    const { asked } = request
    const url = showUrl(request.url)
    const answered = waiting({ hop: asked?.hop, endpoint: asked === undefined ? url : `${asked.who} at ${url}` })
    try {
      return await transport(request)
    } finally {
      answered()
    }
  }
}
