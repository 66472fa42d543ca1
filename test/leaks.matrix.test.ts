import { suite, test } from 'node:test'
import { searchAnswers, searchClusterAnswers, severalRoles } from './support/search-answers.ts'

suite('no secret is shown', () => {
  test('by whatever Google answers, in every kind of answer and every spelling', async (t) => {
    await searchAnswers(t, () => true)
  })

  test('by whatever the API server answers, with every status and every spelling', async (t) => {
    await searchClusterAnswers(t, () => true)
  })
})

suite('no secret is shown by a host that has several roles, in any spelling', () => {
  for (const [roles, search] of Object.entries(severalRoles)) test(roles, async (t) => await search(t, () => true))
})
