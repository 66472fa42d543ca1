/** Fault injection: which requests of a part fail, how, and how often. */
import type { SandboxRequest, SandboxResponse } from './handler.ts'

export type Fault =
  /** The handler is called after this delay. */
  | { readonly kind: 'latency'; readonly ms: number }
  /** This response replaces the handler's: a status, HTML instead of JSON, a redirect, a body that is too large. */
  | { readonly kind: 'response'; readonly response: SandboxResponse }
  /** The handler is called without this header, as behind a proxy that drops it. */
  | { readonly kind: 'drop-header'; readonly name: string }
  /** The TCP connection is reset: before the handler is called, or after it, so that only the response is lost. */
  | { readonly kind: 'reset'; readonly at: 'request' | 'response' }
  /** Headers and half of the body (or the first chunk of a stream), then the connection or HTTP/2 stream ends. */
  | { readonly kind: 'truncate' }
  /** No further bytes on an open connection: immediately, or after headers and half of the body. */
  | { readonly kind: 'stall'; readonly at: 'request' | 'body' }
  /** HTTP/2 GOAWAY after processing the request, or refusing it unprocessed; on HTTP/1.1 the connection closes. */
  | { readonly kind: 'goaway'; readonly request: 'processed' | 'refused' }

/** What a fault is selected by. */
type FaultedRequest = Pick<SandboxRequest, 'method' | 'path'> & Partial<Pick<SandboxRequest, 'body' | 'query'>>

interface FaultScope {
  /** Which requests it affects; absent: all. */
  readonly when?: (request: FaultedRequest) => boolean
  /** How many requests it affects; absent: all until cleared. */
  readonly times?: number
}

export interface Faults {
  /** If several faults match a request, the one injected first applies. */
  inject(fault: Fault, aim?: FaultScope): void
  clear(): void
}

export interface FaultPlan extends Faults {
  /** The fault for this request, counted as used. */
  take(request: FaultedRequest): Fault | undefined
}

export function createFaultPlan(): FaultPlan {
  let planned: { fault: Fault; when: NonNullable<FaultScope['when']>; left: number }[] = []
  return {
    inject(fault, { when = () => true, times = Number.POSITIVE_INFINITY } = {}) {
      planned.push({ fault, when, left: times })
    },
    clear() {
      planned = []
    },
    take(request) {
      const matching = planned.find(({ when, left }) => left > 0 && when(request))
      if (matching) matching.left -= 1
      return matching?.fault
    },
  }
}

/** HTTP 429 with the delay (RFC 6585 §4, RFC 9110 §10.2.3). */
export const throttled = (retryAfterSeconds: number): Fault => ({
  kind: 'response',
  response: { status: 429, headers: { 'retry-after': `${retryAfterSeconds}` }, body: 'Too Many Requests\n' },
})
