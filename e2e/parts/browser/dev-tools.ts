/** A connection to the DevTools of Chromium: calls and events as JSON. https://chromedevtools.github.io/devtools-protocol/ */

/** What the methods that the tests use return: each has one of these fields. */
interface CallResult {
  readonly targetId: string
  readonly sessionId: string
  readonly data: string
  readonly result: { readonly value: unknown }
}

interface DevToolsEvent {
  readonly method: string
  readonly params: { readonly entry: { readonly level: string; readonly text: string } }
}

type Message =
  | ({ readonly id?: undefined } & DevToolsEvent)
  | { readonly id: number; readonly result: CallResult; readonly error?: { readonly message: string } }

export interface DevTools extends AsyncDisposable {
  call(method: string, parameters: object, sessionId?: string): Promise<CallResult>
  /** Its next event. */
  once(event: string): Promise<void>
  /** Its events so far. */
  seen(event: 'Log.entryAdded'): readonly DevToolsEvent['params'][]
}

const timeoutMs = 30_000

export async function openDevTools(url: string): Promise<DevTools> {
  const socket = new WebSocket(url)
  const calls = new Map<number, { resolve: (result: CallResult) => void; reject: (error: Error) => void }>()
  const events: DevToolsEvent[] = []
  const emitter = new EventTarget()
  socket.addEventListener('message', ({ data }) => {
    const message: Message = JSON.parse(String(data))
    if (message.id === undefined) {
      events.push(message)
      emitter.dispatchEvent(new Event(message.method))
    } else if (message.error === undefined) calls.get(message.id)?.resolve(message.result)
    else calls.get(message.id)?.reject(new Error(message.error.message))
  })
  await within(
    'the connection',
    new Promise((resolve, reject) => {
      socket.addEventListener('open', resolve, { once: true })
      socket.addEventListener('error', () => reject(new Error(`no connection to ${url}`)), { once: true })
    }),
  )
  let latest = 0
  return {
    async call(method, params, sessionId) {
      const { promise, resolve, reject } = Promise.withResolvers<CallResult>()
      const id = ++latest
      calls.set(id, { resolve, reject })
      socket.send(JSON.stringify({ id, method, params, ...(sessionId !== undefined && { sessionId }) }))
      return await within(method, promise)
    },
    once: async (event) =>
      void (await within(event, new Promise((resolve) => emitter.addEventListener(event, resolve, { once: true })))),
    seen: (event) => events.filter(({ method }) => method === event).map(({ params }) => params),
    [Symbol.asyncDispose]: async () => socket.close(),
  }
}

async function within<T>(what: string, result: Promise<T>): Promise<T> {
  const { promise: late, reject } = Promise.withResolvers<never>()
  const timer = setTimeout(
    () => reject(new Error(`no response of Chromium to ${what} within ${timeoutMs / 1000} s`)),
    timeoutMs,
  )
  try {
    return await Promise.race([result, late])
  } finally {
    clearTimeout(timer)
  }
}
