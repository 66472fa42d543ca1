/** One page of a list, by `pageSize` and `pageToken`; undefined if either is invalid. https://google.aip.dev/158 */

const defaultSize = 50

export function pageOf<Item>(
  all: readonly Item[],
  query: URLSearchParams,
  maxSize: number,
): { readonly items: readonly Item[]; readonly nextPageToken?: string } | undefined {
  const requestedSize = Number(query.get('pageSize') ?? 0)
  const token = query.get('pageToken') ?? ''
  const from = token === '' ? 0 : Number(Buffer.from(token, 'base64url').toString())
  if (!Number.isInteger(requestedSize) || requestedSize < 0 || !Number.isInteger(from) || from < 0 || from > all.length)
    return undefined
  const to = from + Math.min(requestedSize || defaultSize, maxSize)
  const items = all.slice(from, to)
  return to < all.length ? { items, nextPageToken: Buffer.from(`${to}`).toString('base64url') } : { items }
}
