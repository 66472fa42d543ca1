/** Faults on demand: what goes wrong with which requests of a part, and how often. */
import type { SandboxRequest, SandboxResponse } from './handler.ts'

export type Fault =
  /** The handler is asked only after this time. */
  | { readonly kind: 'latency'; readonly ms: number }
  /** This is answered instead of the handler's answer: a status, HTML for JSON, a redirect, too large a body. */
  | { readonly kind: 'response'; readonly response: SandboxResponse }
  /** The handler is asked without this header, as behind a proxy that drops it. */
  | { readonly kind: 'drop-header'; readonly name: string }
  /** The TCP connection is reset: before the handler is asked, or when its work is done and only the answer is lost. */
  | { readonly kind: 'reset'; readonly at: 'request' | 'response' }
  /** Headers and half of the body (or a stream's first piece), then the end of the connection or HTTP/2 stream. */
  | { readonly kind: 'truncate' }
  /** Silence on an open connection: at once, or after headers and half of the body. */
  | { readonly kind: 'stall'; readonly at: 'request' | 'body' }
  /** HTTP/2 GOAWAY that still answers the request, or refuses it undone; on HTTP/1.1 the connection just closes. */
  | { readonly kind: 'goaway'; readonly request: 'answered' | 'refused' }

interface FaultScope {
  /** Which requests it meets; absent: all. */
  readonly when?: (request: Pick<SandboxRequest, 'method' | 'path'>) => boolean
  /** How many it meets; absent: all until cleared. */
  readonly times?: number
}

export interface Faults {
  /** Of several faults that fit a request the one injected first meets it. */
  inject(fault: Fault, aim?: FaultScope): void
  clear(): void
}

export interface FaultPlan extends Faults {
  /** The fault that meets this request, counted as used. */
  take(request: Pick<SandboxRequest, 'method' | 'path'>): Fault | undefined
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
      const met = planned.find(({ when, left }) => left > 0 && when(request))
      if (met) met.left -= 1
      return met?.fault
    },
  }
}

/** HTTP 429 with the time to wait (RFC 6585 §4, RFC 9110 §10.2.3). */
export const throttled = (retryAfterSeconds: number): Fault => ({
  kind: 'response',
  response: { status: 429, headers: { 'retry-after': `${retryAfterSeconds}` }, body: 'Too Many Requests\n' },
})
