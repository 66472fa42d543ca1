/** `fetch` for Google's auth library, over the run's own transport. */
import { askForLibrary } from '../../outside/ask-for-library.ts'
import { asObject, jsonOrNone } from '../../outside/json-fields.ts'
import type { Hop } from '../../outside/pullpass-error.ts'
import type { SendOutside } from '../../outside/send.ts'

export interface LibraryFetch {
  readonly request: typeof fetch
  /** `expires_in` of the last answer; undefined where it named none. */
  readonly lifeSeconds: () => number | undefined
}

/** Rejects with a PullpassError where no answer came. */
export function fetchOverTransport(outside: SendOutside, hop: Hop): LibraryFetch {
  let lifeSeconds: number | undefined
  const request: typeof fetch = async (input, init = {}) => {
    const url = input instanceof Request ? input.url : String(input)
    const body = textOf(init.body)
    const headers = headersOf(init)
    const answer = await askForLibrary(outside, {
      hop,
      who: 'Google',
      method: init.method ?? 'GET',
      url,
      headers: Object.fromEntries(headers),
      body,
    })
    const seconds = asObject(jsonOrNone(answer.body))?.['expires_in']
    lifeSeconds = typeof seconds === 'number' ? seconds : undefined
    const { status, headers: given } = answer
    return new Response(status === 204 ? null : answer.body, { status, headers: given })
  }
  return { request, lifeSeconds: () => lifeSeconds }
}

/** With the type that fetch gives a form. */
function headersOf({ headers, body }: RequestInit): Headers {
  const all = new Headers(headers)
  if (body instanceof URLSearchParams && !all.has('content-type')) {
    all.set('content-type', 'application/x-www-form-urlencoded;charset=UTF-8')
  }
  return all
}

function textOf(body: unknown): string | undefined {
  if (body === undefined || body === null) return undefined
  if (typeof body === 'string') return body
  if (body instanceof URLSearchParams) return body.toString()
  throw new TypeError("Google's auth library sends text alone")
}
