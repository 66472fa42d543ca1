/**
 * A page of a list, whose items are parsed one by one: of a page that is parsed as a whole, every object with its managed fields is
 * in memory at the same time, which is ten times what is kept of them.
 */
import { asList, asObject, type JsonObject, jsonOrNone } from '../../text/json-fields.ts'
import type { Cluster, ClusterResponse } from '../connection/cluster.ts'
import { malformed, readResponse } from '../connection/response.ts'

export interface Page {
  /** Of the list itself. */
  readonly metadata: JsonObject
  /** Parsed as they are read. */
  readonly items: Iterable<JsonObject>
}

/** @throws RESPONSE_MALFORMED, for an item when it is read */
export function readPage(cluster: Cluster, response: ClusterResponse): Page {
  const split = splitItems(response.body)
  const list = readResponse(cluster, split === undefined ? response : { ...response, body: split.rest })
  const indexes = asList(list['items'])
  const isSplit = split !== undefined && indexes.length === split.items.length && indexes.every((index) => index === 0)
  const whole = isSplit || split === undefined ? list : readResponse(cluster, response)
  const metadata = asObject(whole['metadata']) ?? {}
  return { metadata, items: isSplit ? parseEach(split.items, cluster, response) : objectsIn(whole) }
}

const objectsIn = (list: JsonObject): JsonObject[] => asList(list['items']).map((item) => asObject(item) ?? {})

function* parseEach(
  items: readonly string[],
  { server }: Cluster,
  { status }: ClusterResponse,
): Generator<JsonObject, void> {
  for (const text of items) {
    const item = asObject(jsonOrNone(text))
    if (item === undefined) throw malformed(server, status, Buffer.byteLength(text))
    yield item
  }
}

const [quote, backslash, comma] = [0x22, 0x5c, 0x2c]
const opening = new Set([0x7b, 0x5b])
const closing = new Set([0x7d, 0x5d])

/** The texts of the objects in `items`, and the list with 0 in place of each; undefined if it has none. RFC 8259 */
function splitItems(body: string): { readonly items: string[]; readonly rest: string } | undefined {
  const items: string[] = []
  const rest: string[] = []
  let depth = 0
  let from = 0
  let start = -1
  let inItems = false
  for (let at = 0; at < body.length; at++) {
    const code = body.charCodeAt(at)
    if (code === quote) {
      const end = endOfString(body, at)
      if (end < 0) return undefined
      if (depth === 1) inItems = body.startsWith('"items":[', at)
      at = end
    } else if (opening.has(code)) {
      if (depth === 2 && inItems) start = at
      depth += 1
    } else if (closing.has(code)) {
      depth -= 1
      if (depth === 2 && inItems) {
        items.push(body.slice(start, at + 1))
        rest.push(body.slice(from, start))
        from = at + 1
      }
    } else if (code === comma && depth === 1) inItems = false
  }
  return items.length === 0 ? undefined : { items, rest: [...rest, body.slice(from)].join('0') }
}

/** Position of the closing quote; -1: there is none. */
function endOfString(text: string, start: number): number {
  for (let end = text.indexOf('"', start + 1); end >= 0; end = text.indexOf('"', end + 1)) {
    let first = end
    while (text.charCodeAt(first - 1) === backslash) first -= 1
    if ((end - first) % 2 === 0) return end
  }
  return -1
}
