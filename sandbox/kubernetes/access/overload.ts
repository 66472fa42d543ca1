/** An overloaded server, as one that has reached --max-requests-inflight: further requests get 429 with Retry-After.
 *  https://kubernetes.io/docs/concepts/cluster-administration/flow-control/ */
import type { SandboxResponse } from '../../serve/handler.ts'
import type { Authorization } from './authorization.ts'

export interface Overload {
  begin(): () => void
  /** Undefined if the request is served; those of administrators always are. */
  refusal(user: string): SandboxResponse | undefined
}

const tooMany: SandboxResponse = {
  status: 429,
  headers: {
    'content-type': 'text/plain; charset=utf-8',
    'cache-control': 'no-cache, private',
    'retry-after': '1',
    'x-content-type-options': 'nosniff',
  },
  body: 'Too many requests, please try again later.\n',
}

export function createOverload(authorization: Authorization): Overload {
  const active = new Set<symbol>()
  return {
    begin() {
      const overload = Symbol('holder')
      active.add(overload)
      return () => active.delete(overload)
    },
    refusal: (user) => (active.size > 0 && !authorization.isUnrestricted(user) ? tooMany : undefined),
  }
}
