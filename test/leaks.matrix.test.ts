import { suite, test } from 'node:test'
import { hostsWithSeveralRoles, searchCloudResponses, searchClusterResponses } from './support/search-responses.ts'

suite('no secret is shown', () => {
  test('by whatever Google answers, in every kind of answer and every spelling', async (t) => {
    await searchCloudResponses(t, () => true)
  })

  test('by whatever the API server answers, with every status and every spelling', async (t) => {
    await searchClusterResponses(t, () => true)
  })
})

suite('no secret is shown by a host that has several roles, in any spelling', () => {
  for (const [roles, search] of Object.entries(hostsWithSeveralRoles))
    test(roles, async (t) => await search(t, () => true))
})
