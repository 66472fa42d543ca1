/** The providers of a pool, also other clusters': their tokens are the same principals. https://cloud.google.com/iam/docs/reference/rest/v1/projects.locations.workloadIdentityPools.providers/list */
import { asList, asObject, asText } from '../../../outside/json-fields.ts'
import { askGoogle, type GoogleConnection } from '../ask-google.ts'
import { identityPath } from '../resource-path.ts'
import { type FoundProvider, readFoundProvider } from './found-state.ts'

export interface ListedProvider extends FoundProvider {
  readonly name: string
}

const mostPages = 100

/** Providers of one pool that are not deleted. @throws TRUST_DENIED, TRUST_UNAVAILABLE */
export async function listProviders(google: GoogleConnection, pool: string): Promise<ListedProvider[]> {
  const found: ListedProvider[] = []
  let page: string | undefined = ''
  for (let pages = 0; page !== undefined && pages < mostPages; pages++) {
    const query: string = page === '' ? '' : `&pageToken=${encodeURIComponent(page)}`
    const body = await askGoogle(google, {
      method: 'GET',
      path: `${identityPath(pool)}/providers?pageSize=100${query}`,
      read: (answer) => asObject(answer.body) ?? {},
    })
    found.push(...asList(body['workloadIdentityPoolProviders']).flatMap(readListed))
    page = asText(body['nextPageToken']) || undefined
  }
  return found
}

function readListed(value: unknown): ListedProvider[] {
  const name = asText(asObject(value)?.['name'])
  const provider = readFoundProvider(value)
  return name === undefined || provider.state === 'DELETED' ? [] : [{ name, ...provider }]
}
