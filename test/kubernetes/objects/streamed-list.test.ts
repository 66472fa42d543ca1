import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import type { SandboxResponse } from '../../../sandbox/serve/handler.ts'
import {
  endOfState,
  event,
  expired,
  forbidden,
  type Lasting,
  lasting,
  listed,
  start,
  startWith,
  status,
  streamed,
  watched,
} from './watched-collection.ts'

/** What a server sends that does not stream lists, or no longer. */
const incomplete: Readonly<Record<string, SandboxResponse | 'no response'>> = {
  'that ends': watched([event('ADDED', 'team-a', '1')]),
  'that breaks': watched([event('ADDED', 'team-a', '1')], 'break'),
  'with an error': watched([event('ADDED', 'team-a', '1'), { type: 'ERROR', object: { code: 504, message: 'late' } }]),
  'with 410': watched([event('ADDED', 'team-a', '1'), expired]),
  'of more objects than a list may have': watched([
    event('ADDED', 'team-a', '1'),
    event('ADDED', 'team-b', '1'),
    event('ADDED', 'team-c', '1'),
    event('ADDED', 'team-d', '1'),
    endOfState('7'),
  ]),
  'that is refused with 403': forbidden('watch'),
  'that is refused with 503': status(503),
  'without a response within 10 s': 'no response',
}

const unsupported: Readonly<Record<string, [SandboxResponse | Lasting, seen: string]>> = {
  'refuses its parameters with 422': [status(422), 'responded with 422'],
  'refuses its parameters with 400': [status(400), 'responded with 400'],
  'ignores its parameters': [
    watched([event('ADDED', 'team-a', '1'), event('BOOKMARK', '', '7'), event('ADDED', 'team-b', '8')]),
    'did not mark the end of the state',
  ],
  'sends changes for two minutes, and no bookmark': [
    lasting([event('ADDED', 'team-b', '8')], 121, [event('ADDED', 'team-a', '1')]),
    'the state did not end within 120 s',
  ],
}

suite('a list', () => {
  test('is read by pages from a server that sends nothing for 10 s before the end of the state, also later; after it, 150 s', async (t) => {
    const { take, requests, silences } = await startWith(
      t,
      { shortened: 200 },
      watched([event('ADDED', 'team-a', '1')], 'silence'),
      listed('7', 'team-b'),
      watched([expired]),
      listed('9', 'team-c'),
    )
    assert.deepEqual(await take(2), ['listed team-b', 'listed team-c'])
    assert.deepEqual(requests, ['streamed list', 'list', 'watch from 7', 'list'])
    assert.deepEqual(silences, [10_000, 150_000])
    const other = await start(t, streamed('7'))
    await other.take(1)
    assert.deepEqual(other.silences, [10_000, 150_000])
  })

  for (const [title, response] of Object.entries(incomplete)) {
    test(`that is streamed ${title.replace(/^that /, 'and ')} before the end of its state is read by pages, and the next one is streamed`, async (t) => {
      const attempts = /503|10 s/.test(title) ? 8 : 1 // within 10 s
      const { take, requests, logged } = await startWith(
        t,
        { shortened: response === 'no response' ? 200 : 1 },
        ...Array.from({ length: attempts }, () => response),
        listed('7', 'team-b'),
        watched([expired]),
        streamed('9', 'team-c'),
      )
      assert.deepEqual(await take(2), ['listed team-b', 'listed team-c'])
      assert.deepEqual(requests.slice(-4), ['streamed list', 'list', 'watch from 7', 'streamed list'])
      assert.deepEqual(
        logged.filter((line) => line.startsWith('info')),
        ['info a watch is resumed: 410'],
      )
    })
  }

  for (const [title, [response, seen]] of Object.entries(unsupported)) {
    test(`is read by pages from a server that ${title}, also later and for other collections of the connection, which is logged once`, async (t) => {
      const { take, requests, open, logged } = await start(
        t,
        response,
        listed('7', 'team-b'),
        watched([expired]),
        listed('9', 'team-c'),
        listed('9', 'team-d'),
      )
      assert.deepEqual(await take(2), ['listed team-b', 'listed team-c'])
      assert.deepEqual(await open().take(1), ['listed team-d'])
      assert.deepEqual(requests, ['streamed list', 'list', 'watch from 7', 'list', 'list'])
      const [line = '', ...others] = logged.filter((one) => one.includes('does not stream'))
      assert.ok(line.startsWith('info the API server does not stream lists: they are read by pages: '), line)
      assert.ok(line.endsWith(seen), line)
      assert.deepEqual(others, [])
    })
  }
})
