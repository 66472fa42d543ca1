import { test } from 'node:test'
import { testHostile, testUnusable } from './unusable-responses.ts'

test('a response of AWS, in each request of an exchange', async (t) => {
  await testUnusable(t, ['public session', 'public authorization'])
  await testHostile(t, ['authorization', 'public session', 'public authorization'])
})
