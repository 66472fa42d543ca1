/** Providers of a pool that pullpass made for other clusters: their tokens are the same principals. */
import { asList, asObject, asText } from '../../../outside/json-fields.ts'
import { askGoogle, type GoogleConnection } from '../ask-google.ts'
import { identityPath } from '../resource-path.ts'

export interface Neighbour {
  readonly name: string
  readonly description: string
}

const longest = 100

/** Providers that are active, of one pool. @throws TRUST_DENIED, TRUST_UNAVAILABLE */
export async function listProviders(google: GoogleConnection, pool: string): Promise<Neighbour[]> {
  const found: Neighbour[] = []
  let page: string | undefined = ''
  for (let pages = 0; page !== undefined && pages < longest; pages++) {
    const query: string = page === '' ? '' : `&pageToken=${encodeURIComponent(page)}`
    const body = await askGoogle(google, {
      method: 'GET',
      path: `${identityPath(pool)}/providers?pageSize=100${query}`,
      read: (answer) => asObject(answer.body) ?? {},
    })
    found.push(...asList(body['workloadIdentityPoolProviders']).flatMap(neighbourOf))
    page = asText(body['nextPageToken']) || undefined
  }
  return found
}

function neighbourOf(value: unknown): Neighbour[] {
  const { name, description, state } = asObject(value) ?? {}
  if (typeof name !== 'string' || state === 'DELETED') return []
  return [{ name, description: asText(description) ?? '' }]
}
