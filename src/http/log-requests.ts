/** A transport that says in the log what it asks and what came: the last request without an answer is the slow one. */

import { showUrl } from '../text/show.ts'
import type { Log } from './context.ts'
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
