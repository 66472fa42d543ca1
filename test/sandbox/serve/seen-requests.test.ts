import assert from 'node:assert/strict'
import { test } from 'node:test'
import { createSeenRequests } from '../../../sandbox/serve/seen-requests.ts'

const request = (method: string) => ({ method, path: '/', status: 0, at: new Date('2026-11-24T12:00:00Z') })

test('whoever waits for requests is told when the last of them comes, and not before', async () => {
  const seen = createSeenRequests()
  const told: string[] = []
  seen.add(request('PATCH'))
  const waiting = seen.when(({ method }) => method === 'PATCH', 2).then(() => told.push('two patches'))

  seen.add(request('GET'))
  await seen.when(({ method }) => method === 'GET')
  told.push('a get')
  seen.add(request('PATCH'))
  await waiting

  assert.deepEqual(told, ['a get', 'two patches'])
})
