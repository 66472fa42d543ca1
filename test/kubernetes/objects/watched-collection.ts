/** A collection of an API server that responds as planned, and the watch of it. */
import assert from 'node:assert/strict'
import type { TestContext } from 'node:test'
import type { SandboxHandler, SandboxRequest, SandboxResponse } from '../../../sandbox/serve/handler.ts'
import type { Log } from '../../../src/http/context.ts'
import type { Cluster } from '../../../src/kubernetes/connection/cluster.ts'
import { type ListRequest, metadataOnly } from '../../../src/kubernetes/objects/list.ts'
import { type CollectionEvent, watchCollection } from '../../../src/kubernetes/objects/watch.ts'
import { asObject, asText } from '../../../src/text/json-fields.ts'
import { openTestCluster } from '../open-test-cluster.ts'

export const list: ListRequest = {
  path: '/api/v1/secrets',
  fieldSelector: 'metadata.name=regcred',
  accept: metadataOnly,
  call: { verb: 'list', resource: 'secrets', name: 'regcred' },
  maxItems: 3,
}

const object = (namespace: string, resourceVersion: string) => ({ metadata: { namespace, resourceVersion } })
export const event = (type: string, namespace: string, resourceVersion: string): object => ({
  type,
  object: object(namespace, resourceVersion),
})
export const listed = (resourceVersion: string, ...namespaces: string[]): SandboxResponse => ({
  status: 200,
  body: { metadata: { resourceVersion }, items: namespaces.map((namespace) => object(namespace, '1')) },
})
export const endOfState = (resourceVersion: string): object => ({
  type: 'BOOKMARK',
  object: { metadata: { resourceVersion, annotations: { 'k8s.io/initial-events-end': 'true' } } },
})
/** The events of a streamed list. */
export const state = (resourceVersion: string, ...namespaces: string[]): object[] => [
  ...namespaces.map((namespace) => event('ADDED', namespace, '1')),
  endOfState(resourceVersion),
]
/** The response to a streamed list, which then ends. */
export const streamed = (resourceVersion: string, ...namespaces: string[]): SandboxResponse =>
  watched(state(resourceVersion, ...namespaces))
export const expired: object = {
  type: 'ERROR',
  object: { kind: 'Status', code: 410, reason: 'Expired', message: 'too old' },
}
export const forbidden = (verb: string): SandboxResponse => ({
  status: 403,
  body: {
    kind: 'Status',
    code: 403,
    message: `secrets is forbidden: User "jane" cannot ${verb} resource "secrets" in API group ""`,
  },
})

/** The stream's events, and then its end; `break`: it ends without being complete; `silence`: nothing. */
export const watched = (events: readonly object[], end: 'end' | 'break' | 'silence' = 'end'): SandboxResponse => ({
  status: 200,
  body: (async function* () {
    for (const one of events) yield `${JSON.stringify(one)}\n`
    if (end === 'break') throw new Error('the API server stopped')
    if (end === 'silence') await new Promise(() => undefined)
  })(),
})

/** A watch that sends its last events after a time, and ends. */
export interface Lasting {
  readonly before: readonly object[]
  readonly events: readonly object[]
  readonly seconds: number
}
export const lasting = (events: readonly object[], seconds: number, before: readonly object[] = []): Lasting => ({
  before,
  events,
  seconds,
})

export const status = (code: number): SandboxResponse => ({
  status: code,
  body: { kind: 'Status', code, message: 'no' },
})

interface Started {
  /** Whether the client may list. */
  readonly mayList?: boolean | 'unknown'
  /** How much sooner a stream counts as stalled. */
  readonly shortened?: number
}

type Planned = SandboxResponse | Lasting | 'no response'

interface OpenWatch {
  readonly watch: ReturnType<typeof watchCollection<string>>
  /** The next events, each as its type and namespace; a list as `listed NAMESPACE,…`. */
  readonly take: (count: number) => Promise<string[]>
}

interface WatchedCollection extends OpenWatch {
  /** Another watch over the same connection. */
  readonly open: () => OpenWatch
  readonly cluster: Cluster
  /** In their order. */
  readonly requests: readonly string[]
  readonly context: Awaited<ReturnType<typeof openTestCluster>>['context']
  readonly end: AbortController
  readonly logged: readonly string[]
  /** Milliseconds of each limit that was set. */
  readonly silences: readonly number[]
}

/** Responds to one request after another; a watch without a further response is silent. */
export async function start(t: TestContext, ...responses: Planned[]): Promise<WatchedCollection> {
  return await startWith(t, {}, ...responses)
}

export async function startWith(
  t: TestContext,
  { mayList = true, shortened = 1 }: Started,
  ...responses: Planned[]
): Promise<WatchedCollection> {
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
