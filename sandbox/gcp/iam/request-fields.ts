/** The JSON object of a request body; undefined if the body is not an object. */

export function readJson(body: Buffer): Readonly<Record<string, unknown>> | undefined {
  if (body.length === 0) return {}
  try {
    const value: unknown = JSON.parse(body.toString())
    return typeof value === 'object' && value !== null && !Array.isArray(value) ? { ...value } : undefined
  } catch {
    return undefined // not JSON
  }
}

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

/** Applies a patch to the fields of its update mask (google.protobuf.FieldMask). */
type Fields = Readonly<Record<string, unknown>>

const oidcFields = ['issuerUri', 'allowedAudiences', 'jwksJson']

/** A field of the mask that was not sent is cleared. The messages are not confirmed. */
export function mergeByMask(
  current: object,
  sent: Fields,
  mask: string,
  mutable: readonly string[],
): { fields: Fields } | { error: string } {
  const fields = Object.fromEntries(Object.entries(current).filter(([name]) => mutable.includes(name)))
  const paths = mask
    .split(',')
    .map((path) => path.trim().replace(/_([a-z])/g, (_, letter: string) => letter.toUpperCase()))
  if (mask === '') return { error: 'The update mask is required.' }
  for (const path of paths) {
    const [name = '', inner, ...deeper] = path.split('.')
    const known = mutable.includes(name) && deeper.length === 0
    if (!known || (inner !== undefined && !(name === 'oidc' && oidcFields.includes(inner))))
      return { error: `Invalid field in the update mask: ${path}` }
    fields[name] = inner === undefined ? sent[name] : { ...Object(fields[name]), [inner]: Object(sent[name])[inner] }
  }
  // proto3: empty fields are unset.
  const withoutUnset = (entries: object) =>
    Object.fromEntries(Object.entries(entries).filter(([, value]) => value !== undefined && value !== ''))
  return {
    fields: withoutUnset({
      ...fields,
      ...(fields['oidc'] !== undefined && { oidc: withoutUnset(Object(fields['oidc'])) }),
    }),
  }
}
