import assert from 'node:assert/strict'
import { suite, type TestContext, test } from 'node:test'
import type { SandboxRequest, SandboxResponse } from '../../../sandbox/serve/handler.ts'
import type { Log } from '../../../src/http/context.ts'
import { metadataOnly } from '../../../src/kubernetes/objects/list.ts'
import { type CollectionEvent, watchCollection } from '../../../src/kubernetes/objects/watch.ts'
import { asObject, asText } from '../../../src/text/json-fields.ts'
import { openTestCluster } from '../open-test-cluster.ts'

const list = {
  path: '/api/v1/secrets',
  fieldSelector: 'metadata.name=regcred',
  accept: metadataOnly,
  call: { verb: 'list', resource: 'secrets', name: 'regcred' },
} as const

const object = (namespace: string, resourceVersion: string) => ({ metadata: { namespace, resourceVersion } })
const event = (type: string, namespace: string, resourceVersion: string) => ({
  type,
  object: object(namespace, resourceVersion),
})
const listed = (resourceVersion: string, ...namespaces: string[]): SandboxResponse => ({
  status: 200,
  body: { metadata: { resourceVersion }, items: namespaces.map((namespace) => object(namespace, '1')) },
})
const expired = { type: 'ERROR', object: { kind: 'Status', code: 410, reason: 'Expired', message: 'too old' } }
const forbidden = (verb: string): SandboxResponse => ({
  status: 403,
  body: {
    kind: 'Status',
    code: 403,
    message: `secrets is forbidden: User "jane" cannot ${verb} resource "secrets" in API group ""`,
  },
})

/** The stream's events, and then its end; `break`: it ends without being complete. */
const watched = (events: readonly object[], end: 'end' | 'break' = 'end'): SandboxResponse => ({
  status: 200,
  body: (async function* () {
    for (const one of events) yield `${JSON.stringify(one)}\n`
    if (end === 'break') throw new Error('the API server stopped')
  })(),
})

/** A watch that sends its events after a time, and ends. */
interface Lasting {
  readonly events: readonly object[]
  readonly seconds: number
}
const lasting = (events: readonly object[], seconds: number): Lasting => ({ events, seconds })

/** Responds to one request after another; a watch without a further response is silent. */
async function start(t: TestContext, ...responses: (SandboxResponse | Lasting)[]) {
  const requests: string[] = []
  const handler = ({ query, headers, signal }: SandboxRequest): SandboxResponse => {
    const kind = query.get('watch') === '1' ? `watch from ${query.get('resourceVersion')}` : 'list'
    assert.equal(query.get('fieldSelector'), 'metadata.name=regcred')
    assert.match(headers['accept'] ?? '', kind === 'list' ? /=PartialObjectMetadataList;/ : /=PartialObjectMetadata;/)
    requests.push(kind)
    const silent = (async function* () {
      await new Promise((resolve) => signal.addEventListener('abort', resolve, { once: true }))
      yield ''
    })()
    const response = responses.shift() ?? { status: 200, body: silent }
    if (!('seconds' in response)) return response
    const late = (async function* () {
      await context.sleep(response.seconds * 1000, signal)
      for (const one of response.events) yield `${JSON.stringify(one)}\n`
    })()
    return { status: 200, body: late }
  }
  const { cluster, context } = await openTestCluster(t, handler)
  const keep = (item: object) => asText(asObject(asObject(item)?.['metadata'])?.['namespace']) ?? ''
  const end = new AbortController()
  t.after(() => end.abort())
  const logged: string[] = []
  const log: Log = (level, sentence, fields) => void logged.push(`${level} ${sentence}: ${fields?.['seen']}`)
  const watch = watchCollection(cluster, list, keep, { ...context, log, signal: end.signal })
  const take = async (count: number) => {
    const events: string[] = []
    while (events.length < count) events.push(show((await watch.next()).value))
    return events
  }
  return { take, watch, requests, context, end, logged }
}

const show = (seen: CollectionEvent<string>): string =>
  seen.type === 'listed' ? `listed ${seen.items.join()}` : `${seen.type} ${seen.item}`

suite('a watched collection', () => {
  test('is listed, and then followed from the version of the list', async (t) => {
    const { take, requests } = await start(
      t,
      listed('7', 'team-a', 'team-b'),
      watched([event('ADDED', 'team-c', '8'), event('MODIFIED', 'team-a', '9'), event('DELETED', 'team-b', '10')]),
    )
    assert.deepEqual(await take(4), ['listed team-a,team-b', 'changed team-c', 'changed team-a', 'deleted team-b'])
    assert.deepEqual(requests, ['list', 'watch from 7'])
  })

  test('is watched on from the last version that was seen, where a stream ends or breaks', async (t) => {
    const { take, requests, context } = await start(
      t,
      listed('7'),
      watched([event('ADDED', 'team-a', '8')]),
      watched([event('BOOKMARK', '', '20')], 'break'),
      watched([event('ADDED', 'team-b', '21')]),
    )
    assert.deepEqual(await take(3), ['listed ', 'changed team-a', 'changed team-b'])
    assert.deepEqual(requests, ['list', 'watch from 7', 'watch from 8', 'watch from 20'])
    assert.deepEqual(context.slept, [600, 1_200]) // neither lasted 30 s
  })

  test('is listed again where its version is too old, by an event or by a status', async (t) => {
    const { take, requests } = await start(
      t,
      listed('7', 'team-a'),
      watched([expired]),
      listed('30', 'team-b'),
      { status: 410, body: { kind: 'Status', code: 410, reason: 'Expired' } },
      listed('40', 'team-c'),
    )
    assert.deepEqual(await take(3), ['listed team-a', 'listed team-b', 'listed team-c'])
    assert.deepEqual(requests, ['list', 'watch from 7', 'list', 'watch from 30', 'list'])
  })

  test('is requested with an increasing delay from a server that ends each watch immediately', async (t) => {
    const { take, context } = await start(
      t,
      listed('7'),
      ...Array.from({ length: 8 }, () => watched([])),
      watched([event('ADDED', 'team-a', '8')]),
    )
    assert.deepEqual(await take(2), ['listed ', 'changed team-a'])
    assert.deepEqual(context.slept, [600, 1_200, 2_400, 4_800, 9_600, 19_200, 22_500, 22_500])
  })

  test('is not watched in a loop where each watch ends after an event', async (t) => {
    const { take, context, logged } = await start(
      t,
      listed('7'),
      ...[8, 9, 10, 11].map((version) => watched([event('BOOKMARK', '', String(version))])),
      watched([event('ADDED', 'team-a', '12')]),
    )
    assert.deepEqual(await take(2), ['listed ', 'changed team-a'])
    assert.deepEqual(context.slept, [600, 1_200, 2_400, 4_800])
    assert.deepEqual(logged.slice(0, 1), ['info a watch is resumed: the server ended it'])
  })

  test('is not listed in a loop where its version expires again and again, also after long watches', async (t) => {
    const short = [8, 9, 10].flatMap((version) => [
      watched([event('BOOKMARK', '', String(version)), expired]),
      listed('30'),
    ])
    const { take, context } = await start(t, listed('7'), ...short)
    await take(4)
    assert.deepEqual(context.slept, [600, 1_200, 2_400])
    const long = await start(t, listed('7', 'a'), ...[8, 9, 10].flatMap(() => [lasting([expired], 40), listed('30')]))
    await long.take(4)
    assert.deepEqual(long.context.slept, [40_000, 600, 40_000, 1_200, 40_000, 2_400])
  })

  test('is watched again after the shortest delay where the watch lasted 30 s', async (t) => {
    const { take, context } = await start(
      t,
      listed('7'),
      watched([]),
      watched([]),
      lasting([event('ADDED', 'team-a', '8')], 30),
      watched([event('ADDED', 'team-b', '9')]),
    )
    assert.deepEqual(await take(3), ['listed ', 'changed team-a', 'changed team-b'])
    assert.deepEqual(context.slept, [600, 1_200, 30_000, 600])
  })

  test('that may not be listed, or not be watched, is an error that names the right', async (t) => {
    const unlisted = await start(t, forbidden('list'))
    await assert.rejects(unlisted.take(1), { code: 'KUBERNETES_FORBIDDEN', hint: /verbs: \[list\]/ })
    const unwatched = await start(t, listed('7'), forbidden('watch'))
    assert.deepEqual(await unwatched.take(1), ['listed '])
    await assert.rejects(unwatched.take(1), { code: 'KUBERNETES_FORBIDDEN', hint: /verbs: \[watch\]/ })
  })

  for (const [name, line] of Object.entries({
    'that is not JSON': 'sign in\n',
    'of an unknown type': `${JSON.stringify(event('SYNC', 'team-a', '8'))}\n`,
    'whose type is a member of every object': `${JSON.stringify(event('constructor', 'team-a', '8'))}\n`,
    'with an empty version': `${JSON.stringify(event('ADDED', 'team-a', ''))}\n`,
    'without a version': '{"type":"ADDED","object":{"metadata":{}}}\n',
  })) {
    test(`with an event ${name} is an error`, async (t) => {
      const { take } = await start(t, listed('7'), {
        status: 200,
        body: (async function* () {
          yield line
        })(),
      })
      await take(1)
      await assert.rejects(take(1), { code: 'RESPONSE_MALFORMED' })
    })
  }

  test('ends by its signal, with its reason', async (t) => {
    const { take, watch, end } = await start(t, listed('7'))
    await take(1)
    const pending = watch.next()
    const reason = new Error('the controller stops')
    end.abort(reason)
    await assert.rejects(pending, reason)
  })
})
