/** Injects one fault into one request, on its connection or HTTP/2 stream. */
import { constants, Http2ServerResponse } from 'node:http2'
import { setTimeout as wait } from 'node:timers/promises'
import type { Fault } from './faults.ts'
import type { SandboxRequest, SandboxResponse } from './handler.ts'
import { type Outgoing, sendHalf } from './send-response.ts'

export interface FaultyExchange {
  readonly request: SandboxRequest
  readonly outgoing: Outgoing
  /** Calls the part's handler. */
  readonly handle: (request?: SandboxRequest) => Promise<SandboxResponse>
  readonly send: (response: SandboxResponse) => Promise<void>
  /** Resets the TCP connection. */
  readonly reset: () => void
}

export async function injectFault(fault: Fault, exchange: FaultyExchange): Promise<void> {
  switch (fault.kind) {
    case 'latency':
      await wait(fault.ms, undefined, { signal: exchange.request.signal }).catch(() => {}) // the client disconnected
      return exchange.send(await exchange.handle())
    case 'response':
      return exchange.send(fault.response)
    case 'drop-header': {
      const { [fault.name]: _, ...headers } = exchange.request.headers
      return exchange.send(await exchange.handle({ ...exchange.request, headers }))
    }
    case 'reset':
      if (fault.at === 'response') await exchange.handle()
      return exchange.reset()
    case 'truncate':
      await sendHalf(exchange.outgoing, await exchange.handle())
      return abortBody(exchange.outgoing)
    case 'stall':
      if (fault.at === 'body') await sendHalf(exchange.outgoing, await exchange.handle())
      return // no further bytes until the client disconnects or the part closes
    case 'goaway':
      return fault.request === 'processed' ? respondThenGoAway(exchange) : goAwayUnprocessed(exchange)
  }
}

function abortBody(outgoing: Outgoing): void {
  if (outgoing instanceof Http2ServerResponse) outgoing.stream.close(constants.NGHTTP2_INTERNAL_ERROR)
  else outgoing.socket?.destroy()
}

/** As the Kubernetes API server does at random with --goaway-chance: this stream still gets its response. */
async function respondThenGoAway({ outgoing, handle, send }: FaultyExchange): Promise<void> {
  if (outgoing instanceof Http2ServerResponse) outgoing.stream.session?.close()
  else outgoing.setHeader('connection', 'close')
  await send(await handle())
}

/** RFC 9113 §6.8: streams above the last identifier were not processed; the client may retry them. */
function goAwayUnprocessed({ outgoing, reset }: FaultyExchange): void {
  if (!(outgoing instanceof Http2ServerResponse)) reset()
  else {
    const { id = 0, session } = outgoing.stream
    session?.goaway(constants.NGHTTP2_NO_ERROR, id - 2) // client streams have odd identifiers
    outgoing.stream.close(constants.NGHTTP2_REFUSED_STREAM)
  }
}
