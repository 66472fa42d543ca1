/** The requests that a part received, for tests that count them or wait for them. No bodies or headers: no token is kept. */

export interface SeenRequest {
  readonly method: string
  /** Without the query. */
  readonly path: string
  /** 0 until a response begins. */
  readonly status: number
  readonly at: Date
}

/** Which requests; absent: all. */
export type RequestFilter = (request: Pick<SeenRequest, 'method' | 'path'>) => boolean

export interface SeenRequests {
  /** The last 100,000, in order of arrival. */
  readonly all: readonly SeenRequest[]
  add(request: SeenRequest): void
  when(matches?: RequestFilter, times?: number): Promise<void>
}

const maxEntries = 100_000

export function createSeenRequests(): SeenRequests {
  const all: SeenRequest[] = []
  const waiters = new Set<() => void>()
  return {
    all,
    add(request) {
      if (all.push(request) > maxEntries) all.shift()
      for (const check of waiters) check()
    },
    when: (matches = () => true, times = 1) =>
      new Promise((resolve) => {
        const check = (): void => {
          if (all.filter(matches).length < times) return
          waiters.delete(check)
          resolve()
        }
        waiters.add(check)
        check()
      }),
  }
}
