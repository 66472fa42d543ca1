/** What a part was asked, for whoever counts it or waits for it: never bodies or headers, so that no token is kept. */

export interface SeenRequest {
  readonly method: string
  /** Without the query. */
  readonly path: string
  /** 0 until an answer begins. */
  readonly status: number
  readonly at: Date
}

/** Which requests; absent: all. */
export type RequestFilter = (request: Pick<SeenRequest, 'method' | 'path'>) => boolean

export interface SeenRequests {
  /** The last 100,000, in the order of their arrival. */
  readonly all: readonly SeenRequest[]
  add(request: SeenRequest): void
  when(fits?: RequestFilter, times?: number): Promise<void>
}

const maxEntries = 100_000

export function createSeenRequests(): SeenRequests {
  const all: SeenRequest[] = []
  const waiters = new Set<() => void>()
  return {
    all,
    add(request) {
      if (all.push(request) > maxEntries) all.shift()
      for (const look of waiters) look()
    },
    when: (fits = () => true, times = 1) =>
      new Promise((resolve) => {
        const look = (): void => {
          if (all.filter(fits).length < times) return
          waiters.delete(look)
          resolve()
        }
        waiters.add(look)
        look()
      }),
  }
}
