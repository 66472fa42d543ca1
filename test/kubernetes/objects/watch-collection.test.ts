import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import { setImmediate as turn } from 'node:timers/promises'
import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import type { SandboxResponse } from '../../../sandbox/serve/handler.ts'
import { watchCollection } from '../../../src/kubernetes/objects/watch.ts'
import {
  endOfState,
  event,
  expired,
  forbidden,
  lasting,
  list,
  listed,
  start,
  startWith,
  state,
  streamed,
  watched,
} from './watched-collection.ts'

suite('a watched collection', () => {
  test('is one request: its state, and then each change', async (t) => {
    const { take, requests } = await start(
      t,
      watched([
        ...state('7', 'team-a', 'team-b'),
        event('ADDED', 'team-c', '8'),
        event('MODIFIED', 'team-a', '9'),
        event('DELETED', 'team-b', '10'),
      ]),
    )
    assert.deepEqual(await take(4), ['listed team-a,team-b', 'changed team-c', 'changed team-a', 'deleted team-b'])
    assert.deepEqual(requests, ['streamed list'])
  })

  test('contains what is left at the end of the state, where objects change before', async (t) => {
    const { take } = await start(
      t,
      watched([
        ...['team-a', 'team-b'].map((namespace) => event('ADDED', namespace, '1')),
        event('DELETED', 'team-a', '8'),
        event('MODIFIED', 'team-b', '9'),
        event('ADDED', 'team-c', '10'),
        endOfState('10'),
      ]),
    )
    assert.deepEqual(await take(1), ['listed team-b,team-c'])
  })

  test('is watched on from the last version that was seen, where a stream ends or breaks', async (t) => {
    const { take, requests, context } = await start(
      t,
      streamed('7'),
      watched([event('ADDED', 'team-a', '8')]),
      watched([event('BOOKMARK', '', '20')], 'break'),
      watched([event('ADDED', 'team-b', '21')]),
    )
    assert.deepEqual(await take(3), ['listed ', 'changed team-a', 'changed team-b'])
    assert.deepEqual(requests, ['streamed list', 'watch from 7', 'watch from 8', 'watch from 20'])
    assert.deepEqual(context.slept, [600, 1_200, 2_400]) // none lasted 30 s
  })

  test('is listed again where its version is too old, by an event or by a status', async (t) => {
    const { take, requests } = await start(
      t,
      watched([...state('7', 'team-a'), expired]),
      streamed('30', 'team-b'),
      { status: 410, body: { kind: 'Status', code: 410, reason: 'Expired' } },
      streamed('40', 'team-c'),
    )
    assert.deepEqual(await take(3), ['listed team-a', 'listed team-b', 'listed team-c'])
    assert.deepEqual(requests, ['streamed list', 'streamed list', 'watch from 30', 'streamed list'])
  })

  test('is requested with an increasing delay from a server that ends each watch immediately', async (t) => {
    const { take, context } = await start(
      t,
      streamed('7'),
      ...Array.from({ length: 7 }, () => watched([])),
      watched([event('ADDED', 'team-a', '8')]),
    )
    assert.deepEqual(await take(2), ['listed ', 'changed team-a'])
    assert.deepEqual(context.slept, [600, 1_200, 2_400, 4_800, 9_600, 19_200, 22_500, 22_500])
  })

  test('is not watched in a loop where each watch ends after an event', async (t) => {
    const { take, context, logged } = await start(
      t,
      streamed('7'),
      ...[8, 9, 10].map((version) => watched([event('BOOKMARK', '', String(version))])),
      watched([event('ADDED', 'team-a', '12')]),
    )
    assert.deepEqual(await take(2), ['listed ', 'changed team-a'])
    assert.deepEqual(context.slept, [600, 1_200, 2_400, 4_800])
    assert.deepEqual(logged.slice(0, 1), ['info a watch is resumed: the server ended it'])
  })

  test('is not listed in a loop where its version expires again and again, also after long watches', async (t) => {
    const short = [8, 9, 10].map((version) => watched([...state(String(version)), expired]))
    const { take, context } = await start(t, ...short, streamed('30'))
    await take(4)
    assert.deepEqual(context.slept, [600, 1_200, 2_400])
    const long = await start(
      t,
      ...[8, 9, 10].map((version) => lasting([expired], 40, state(String(version)))),
      streamed('30'),
    )
    await long.take(4)
    assert.deepEqual(long.context.slept, [40_000, 600, 40_000, 1_200, 40_000, 2_400])
  })

  test('is watched again after the shortest delay where the watch lasted 30 s', async (t) => {
    const { take, context } = await start(
      t,
      streamed('7'),
      watched([]),
      lasting([event('ADDED', 'team-a', '8')], 30),
      watched([event('ADDED', 'team-b', '9')]),
    )
    assert.deepEqual(await take(3), ['listed ', 'changed team-a', 'changed team-b'])
    assert.deepEqual(context.slept, [600, 1_200, 30_000, 600])
  })

  test('that may not be listed, or not be watched, is an error that names the right', async (t) => {
    const unlisted = await startWith(t, { mayList: false }, forbidden('list'))
    await assert.rejects(unlisted.take(1), { code: 'KUBERNETES_FORBIDDEN', hint: /verbs: \[list\]/ })
    assert.deepEqual(unlisted.requests, ['list'])
    const unwatched = await start(t, forbidden('watch'), listed('7'), forbidden('watch'))
    assert.deepEqual(await unwatched.take(1), ['listed '])
    await assert.rejects(unwatched.take(1), { code: 'KUBERNETES_FORBIDDEN', hint: /verbs: \[watch\]/ })
  })

  test('needs no permission to review the access of this client', async (t) => {
    const { take, requests } = await startWith(t, { mayList: 'unknown' }, streamed('7', 'team-a'))
    assert.deepEqual(await take(1), ['listed team-a'])
    assert.deepEqual(requests, ['streamed list'])
  })

  for (const [name, line] of Object.entries({
    'that is not JSON': 'sign in\n',
    'of an unknown type': `${JSON.stringify(event('SYNC', 'team-a', '8'))}\n`,
    'whose type is a member of every object': `${JSON.stringify(event('constructor', 'team-a', '8'))}\n`,
    'with an empty version': `${JSON.stringify(event('ADDED', 'team-a', ''))}\n`,
    'without a version': '{"type":"ADDED","object":{"metadata":{}}}\n',
  })) {
    const lines = (...before: object[]): SandboxResponse => ({
      status: 200,
      body: (async function* () {
        for (const one of before) yield `${JSON.stringify(one)}\n`
        yield line
      })(),
    })
    test(`with an event ${name} is an error`, async (t) => {
      const { take } = await start(t, lines(...state('7')))
      await take(1)
      await assert.rejects(take(1), { code: 'RESPONSE_MALFORMED' })
    })

    test(`with an event ${name} before the end of its state is read by pages`, async (t) => {
      const { take, requests } = await start(t, lines(event('ADDED', 'team-a', '1')), listed('7', 'team-b'))
      assert.deepEqual(await take(1), ['listed team-b'])
      assert.deepEqual(requests, ['streamed list', 'list'])
    })
  }

  test('keeps no object in memory that has changed since', async (t) => {
    const changed = event('MODIFIED', 'team-a', '8')
    const { cluster, context, end } = await start(t, watched([...state('7', 'team-a'), changed], 'silence'))
    const watch = watchCollection(cluster, list, (item) => ({ item }), { ...context, signal: end.signal })
    const firstObject = async () => {
      const { value } = await watch.next()
      assert.equal(value.type, 'listed')
      return new WeakRef(value.type === 'listed' ? (value.items[0] ?? {}) : {})
    }
    const first = await firstObject()
    assert.equal((await watch.next()).value.type, 'changed')
    void watch.next().catch(() => undefined)
    await turn()
    collectGarbage()
    assert.equal(first.deref(), undefined)
  })

  test('ends by its signal, with its reason', async (t) => {
    const { take, watch, end } = await start(t, streamed('7'))
    await take(1)
    const pending = watch.next()
    const reason = new Error('the controller stops')
    end.abort(reason)
    await assert.rejects(pending, reason)
  })
})

function collectGarbage(): void {
  setFlagsFromString('--expose-gc')
  const collect: () => void = runInNewContext('gc')
  collect()
}
