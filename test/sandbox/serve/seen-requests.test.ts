import assert from 'node:assert/strict'
import { test } from 'node:test'
import { createSeenRequests } from '../../../sandbox/serve/seen-requests.ts'

const request = (method: string) => ({ method, path: '/', status: 0, at: new Date('2026-11-24T12:00:00Z') })

test('a wait for requests resolves with the last of them, and not before', async () => {
  const seen = createSeenRequests()
  const events: string[] = []
  seen.add(request('PATCH'))
  const waiting = seen.when(({ method }) => method === 'PATCH', 2).then(() => events.push('two patches'))

  seen.add(request('GET'))
  await seen.when(({ method }) => method === 'GET')
  events.push('a get')
  seen.add(request('PATCH'))
  await waiting

  assert.deepEqual(events, ['a get', 'two patches'])
})
