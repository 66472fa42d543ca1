/** Lists of vendors' APIs, by pages. What is missing from an incomplete list could be needed: no part of one is used. */
import { PullpassError } from '../../errors/pullpass-error.ts'
import { asObject } from '../../text/json-fields.ts'

interface Page<Item> {
  readonly items: readonly Item[]
  /** The token or number of the next page; undefined: this is the last one; empty: the response names none, and the list goes on. */
  readonly next: string | undefined
}

type ReadPage<Item> = (token: string | undefined) => Promise<Page<Item>>

/** Of 100 to 1,000 items each: the largest quota of a vendor, 10,000 roles, is 10 pages. */
const mostPages = 20

/** Undefined if the list is incomplete. `read`: the page of a token; undefined: the first one. */
export async function listPages<Item>(read: ReadPage<Item>): Promise<readonly Item[] | undefined> {
  const items: Item[] = []
  let token: string | undefined
  for (let page = 0; page < mostPages; page++) {
    const { items: found, next } = await read(token)
    for (const item of found) items.push(item) // a page can have more items than a call has arguments
    if (next === undefined) return items
    if (next === '' || next === token) return undefined // the same token would be the same page
    token = next
  }
  return undefined
}

const longestToken = 8192

/** The `nextPageToken` of a response as APIs of gRPC in JSON have it: absent or empty on the last page. */
export function nextPageToken(body: unknown): string | undefined {
  const token = asObject(body)?.['nextPageToken']
  if (token === undefined || token === null || token === '') return undefined
  return typeof token === 'string' && token.length <= longestToken ? token : ''
}

/** As `listPages`. `list`: for the error. @throws RESPONSE_TOO_LARGE */
export async function listComplete<Item>(list: string, read: ReadPage<Item>): Promise<readonly Item[]> {
  const items = await listPages(read)
  if (items !== undefined) return items
  throw new PullpassError({
    code: 'RESPONSE_TOO_LARGE',
    hop: 'trust',
    seen: `${list} does not end within ${mostPages} pages`,
    expected: 'a complete list: what is missing could be needed',
  })
}
