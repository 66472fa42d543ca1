import assert from 'node:assert/strict'
import { suite, type TestContext, test } from 'node:test'
import { setImmediate as turn } from 'node:timers/promises'
import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import type { SandboxHandler, SandboxRequest, SandboxResponse } from '../../../sandbox/serve/handler.ts'
import type { Log } from '../../../src/http/context.ts'
import type { Cluster } from '../../../src/kubernetes/connection/cluster.ts'
import { metadataOnly } from '../../../src/kubernetes/objects/list.ts'
import { type CollectionEvent, watchCollection } from '../../../src/kubernetes/objects/watch.ts'
import { asObject, asText } from '../../../src/text/json-fields.ts'
import { openTestCluster } from '../open-test-cluster.ts'

const list = {
  path: '/api/v1/secrets',
  fieldSelector: 'metadata.name=regcred',
  accept: metadataOnly,
  call: { verb: 'list', resource: 'secrets', name: 'regcred' },
  maxItems: 3,
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
const endOfState = (resourceVersion: string) => ({
  type: 'BOOKMARK',
  object: { metadata: { resourceVersion, annotations: { 'k8s.io/initial-events-end': 'true' } } },
})
/** The events of a streamed list. */
const state = (resourceVersion: string, ...namespaces: string[]) => [
  ...namespaces.map((namespace) => event('ADDED', namespace, '1')),
  endOfState(resourceVersion),
]
/** The response to a streamed list, which then ends. */
const streamed = (resourceVersion: string, ...namespaces: string[]) => watched(state(resourceVersion, ...namespaces))
const expired = { type: 'ERROR', object: { kind: 'Status', code: 410, reason: 'Expired', message: 'too old' } }
const forbidden = (verb: string): SandboxResponse => ({
  status: 403,
  body: {
    kind: 'Status',
    code: 403,
    message: `secrets is forbidden: User "jane" cannot ${verb} resource "secrets" in API group ""`,
  },
})

/** The stream's events, and then its end; `break`: it ends without being complete; `silence`: nothing. */
const watched = (events: readonly object[], end: 'end' | 'break' | 'silence' = 'end'): SandboxResponse => ({
  status: 200,
  body: (async function* () {
    for (const one of events) yield `${JSON.stringify(one)}\n`
    if (end === 'break') throw new Error('the API server stopped')
    if (end === 'silence') await new Promise(() => undefined)
  })(),
})

/** A watch that sends its last events after a time, and ends. */
interface Lasting {
  readonly before: readonly object[]
  readonly events: readonly object[]
  readonly seconds: number
}
const lasting = (events: readonly object[], seconds: number, before: readonly object[] = []): Lasting => ({
  before,
  events,
  seconds,
})

const status = (code: number): SandboxResponse => ({ status: code, body: { kind: 'Status', code, message: 'no' } })

interface Started {
  /** Whether the client may list. */
  readonly mayList?: boolean | 'unknown'
  /** How much sooner a stream counts as stalled. */
  readonly shortened?: number
}

type Planned = SandboxResponse | Lasting | 'no response'

/** Responds to one request after another; a watch without a further response is silent. */
async function start(t: TestContext, ...responses: Planned[]) {
  return await startWith(t, {}, ...responses)
}

async function startWith(t: TestContext, { mayList = true, shortened = 1 }: Started, ...responses: Planned[]) {
  const requests: string[] = []
  const handler = ({ path, query, headers, signal, body }: SandboxRequest): ReturnType<SandboxHandler> => {
    if (path.endsWith('/selfsubjectaccessreviews')) {
      const { resourceAttributes } = JSON.parse(body.toString()).spec
      assert.deepEqual(resourceAttributes, {
        group: '',
        version: 'v1',
        resource: 'secrets',
        verb: 'list',
        name: 'regcred',
      })
      return mayList === 'unknown' ? forbidden('create') : { status: 201, body: { status: { allowed: mayList } } }
    }
    const kind = kindOf(query)
    assert.equal(query.get('fieldSelector'), 'metadata.name=regcred')
    assert.match(headers['accept'] ?? '', kind === 'list' ? /=PartialObjectMetadataList;/ : /=PartialObjectMetadata;/)
    requests.push(kind)
    const silent = (async function* () {
      await new Promise((resolve) => signal.addEventListener('abort', resolve, { once: true }))
      yield ''
    })()
    const response = responses.shift() ?? { status: 200, body: silent }
    if (response === 'no response') return new Promise(() => undefined)
    if (!('seconds' in response)) return response
    const late = (async function* () {
      for (const one of response.before) yield `${JSON.stringify(one)}\n`
      await context.sleep(response.seconds * 1000, signal)
      for (const one of response.events) yield `${JSON.stringify(one)}\n`
    })()
    return { status: 200, body: late }
  }
  const { cluster: opened, context } = await openTestCluster(t, handler)
  const silences: number[] = []
  const cluster: Cluster = {
    ...opened,
    async stream(request) {
      silences.push(request.idleTimeoutMs)
      const response = await opened.stream({ ...request, idleTimeoutMs: request.idleTimeoutMs / shortened })
      if (!('lines' in response)) return response
      return { ...response, allowSilence: (ms) => void silences.push(ms) }
    },
  }
  const keep = (item: object) => asText(asObject(asObject(item)?.['metadata'])?.['namespace']) ?? ''
  const end = new AbortController()
  t.after(() => end.abort())
  const logged: string[] = []
  const log: Log = (level, sentence, fields) => void logged.push(`${level} ${sentence}: ${fields?.['seen']}`)
  const open = () => {
    const watch = watchCollection(cluster, list, keep, { ...context, log, signal: end.signal })
    const take = async (count: number) => {
      const events: string[] = []
      while (events.length < count) events.push(show((await watch.next()).value))
      return events
    }
    return { watch, take }
  }
  return { ...open(), open, cluster, requests, context, end, logged, silences }
}

function kindOf(query: URLSearchParams): string {
  if (query.get('watch') !== '1') return 'list'
  if (!query.has('sendInitialEvents')) return `watch from ${query.get('resourceVersion')}`
  const parameters = ['sendInitialEvents', 'resourceVersionMatch', 'allowWatchBookmarks', 'resourceVersion']
  assert.deepEqual(
    parameters.map((name) => query.get(name)),
    ['true', 'NotOlderThan', 'true', null],
  )
  return 'streamed list'
}

const show = (seen: CollectionEvent<string>): string =>
  seen.type === 'listed' ? `listed ${seen.items.join()}` : `${seen.type} ${seen.item}`

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
        { shortened: 200 },
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
