import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { SandboxResponse } from '../../../../sandbox/serve/handler.ts'
import { createSandboxClient } from '../sandbox-client.ts'

const secrets = '/api/v1/namespaces/default/secrets'

/** The lines of a streamed body. */
async function linesOf({ body }: SandboxResponse): Promise<string[]> {
  assert.ok(typeof body === 'object' && Symbol.asyncIterator in body)
  const lines: string[] = []
  for await (const line of body) lines.push(line)
  return lines
}

test('a change between the response and its first read is not lost', async () => {
  const { send } = await createSandboxClient()
  const leaving = new AbortController()
  const watch = await send('GET', `${secrets}?watch=1`, { signal: leaving.signal })

  await send('POST', secrets, { body: { metadata: { name: 'early' } } })
  setImmediate(() => leaving.abort())

  assert.deepEqual(
    (await linesOf(watch)).map((line) => JSON.parse(line).object.metadata.name),
    ['early'],
  )
})

test('a watch ends when its client disconnects, and removes its listener', async () => {
  const { api, send } = await createSandboxClient()
  const leaving = new AbortController()
  const watch = await send('GET', `${secrets}?watch=1`, { signal: leaving.signal })

  leaving.abort()

  assert.deepEqual(await linesOf(watch), [])
  assert.equal(api.store.emitter.listenerCount('change'), 0)
})

test('a watch from a version before a compaction ends with 410 in its stream', async () => {
  const { api, send } = await createSandboxClient()
  api.store.compact()

  const response = await send('GET', `${secrets}?watch=1&resourceVersion=1`)

  assert.equal(response.status, 200)
  assert.deepEqual(
    (await linesOf(response)).map((line) => JSON.parse(line)),
    [
      {
        type: 'ERROR',
        object: {
          kind: 'Status',
          apiVersion: 'v1',
          metadata: {},
          status: 'Failure',
          message: 'too old resource version: 1 (5)',
          reason: 'Expired',
          code: 410,
        },
      },
    ],
  )
})
