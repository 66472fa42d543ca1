import { suite, test } from 'node:test'
import { hostsWithSeveralRoles, searchCloudResponses, searchClusterResponses } from './support/search-responses.ts'

suite('no secret is shown', () => {
  test('by any response of Google, in every kind of response and every encoding', async (t) => {
    await searchCloudResponses(t, () => true)
  })

  test('by any response of the API server, with every status and every encoding', async (t) => {
    await searchClusterResponses(t, () => true)
  })
})

suite('no secret is shown by a host that has several roles, in any encoding', () => {
  for (const [roles, search] of Object.entries(hostsWithSeveralRoles))
    test(roles, async (t) => await search(t, () => true))
})
