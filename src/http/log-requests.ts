/** Transports that report each request: in the debug log, and as progress on a terminal. */

import { showUrl } from '../text/show.ts'
import type { Context, Log } from './context.ts'
import type { Transport } from './transport.ts'

export function logRequests(transport: Transport, log: Log): Transport {
  return async (request) => {
    const fields = { method: request.method, url: showUrl(request.url) }
    log('debug', 'a request', fields)
    const response = await transport(request)
    log('debug', 'a response', { ...fields, status: response.status })
    return response
  }
}

/** `waiting` undefined: no terminal shows progress. */
export function reportRequests(transport: Transport, waiting: Context['waiting']): Transport {
  if (waiting === undefined) return transport
  return async (request) => {
    const { purpose } = request
    const url = showUrl(request.url)
    const done = waiting({ hop: purpose?.hop, endpoint: purpose === undefined ? url : `${purpose.service} at ${url}` })
    try {
      return await transport(request)
    } finally {
      done()
    }
  }
}
