import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import type { StoredChange } from '../../sandbox/kubernetes/objects/object-store.ts'
import { dockerConfigData, patchAs } from '../commands/refresh/write-as.ts'
import type { TestSandbox } from '../support/start-test-sandbox.ts'
import { startControllerTest } from './start-test-controller.ts'
import { advanceUntil, until } from './virtual-time.ts'

const step = (description: string) => ({ stepMs: 1_000, description })

type Store = TestSandbox['cluster']['store']

/** As the API server ends each watch after some minutes. */
function endWatches({ emitter }: Store): void {
  for (const kind of ['Namespace', 'Secret']) emitter.emit('undefined', kind)
}

function removeSecret(store: Store, namespace: string): void {
  const secret = store.read('Secret', namespace, 'regcred')
  assert.ok(secret)
  store.remove(secret)
}

const isStreamedList = ({ query }: { readonly query?: URLSearchParams }) => query?.has('sendInitialEvents') === true
const refused = {
  kind: 'response',
  response: { status: 422, body: { kind: 'Status', code: 422, message: 'off' } },
} as const

/** A streamed list of no Secrets, as of this version, that ends later; then the watch ends. */
async function* listedBefore(resourceVersion: number, write: Promise<void>): AsyncGenerator<string> {
  await write
  const metadata = {
    resourceVersion: String(resourceVersion),
    annotations: { 'k8s.io/initial-events-end': 'true' },
  }
  const object = { kind: 'PartialObjectMetadata', apiVersion: 'meta.k8s.io/v1', metadata }
  yield `${JSON.stringify({ type: 'BOOKMARK', object })}\n`
}

suite('the watches of the controller', () => {
  for (const [name, fault, lists] of [
    ['by a streamed list', undefined, 1],
    ['by pages where that list ends before the end of the state', { kind: 'truncate' }, 2],
    ['by pages where the API server does not stream lists', refused, 2],
  ] as const) {
    test(`list again after 410, ${name}, and what changed meanwhile is repaired, and only that`, async (t) => {
      const { sandbox, start, time, addNamespace, hasSecret } = await startControllerTest(t)
      const { seen, faults } = sandbox.parts.kubernetes
      const { store } = sandbox.cluster
      const { metric, whenFresh, logged } = await start()
      await whenFresh(2)
      const restarts = (resource: string) => metric(`watch_restarts_total{resource="${resource}"}`) ?? 0
      const requests = () => seen.filter(({ method, path }) => method === 'GET' && path === '/api/v1/secrets').length
      const before = requests()
      const unchanged = store.read('Secret', 'team-b', 'regcred')?.metadata.resourceVersion
      if (fault !== undefined) faults.inject(fault, { when: isStreamedList })
      endWatches(store)
      await until('the end of both watches', () => restarts('secrets') > 0 && restarts('namespaces') > 0)
      removeSecret(store, 'team-a')
      addNamespace('team-next')
      store.compact() // the versions that the watches have seen are gone
      const isComplete = () => hasSecret('team-a') && hasSecret('team-next') && restarts('secrets') > 1
      await advanceUntil(time, step('the Secrets'), isComplete)
      await advanceUntil(time, step('the next watch'), () => requests() - before >= 1 + lists)
      await whenFresh(3)
      assert.equal(store.read('Secret', 'team-b', 'regcred')?.metadata.resourceVersion, unchanged)
      assert.equal(logged.filter((line) => line.includes('does not stream lists')).length, fault === refused ? 1 : 0)
    })
  }

  test('count no repair where a list that began before a write ends after it', async (t) => {
    const { sandbox, start, time, addNamespace, hasSecret } = await startControllerTest(t, { namespaces: ['default'] })
    const { parts, cluster } = sandbox
    const { store } = cluster
    const { metric, logged, whenFresh } = await start()
    const restarts = () => metric('watch_restarts_total{resource="secrets"}') ?? 0
    const isList = (request: Parameters<typeof isStreamedList>[0] & { readonly path: string }) =>
      request.path === '/api/v1/secrets' && isStreamedList(request)
    const requests = () => parts.kubernetes.seen.filter(({ path }) => path === '/api/v1/secrets').length
    await until('the watch', () => requests() === 1)
    const write = Promise.withResolvers<void>()
    const body = listedBefore(store.resourceVersion, write.promise)
    parts.kubernetes.faults.inject({ kind: 'response', response: { status: 200, body } }, { when: isList, times: 1 })
    store.emitter.emit('undefined', 'Secret') // the watch ends
    await until('its end', () => restarts() > 0)
    addNamespace('default', { changed: 'after the watch' })
    store.compact()
    await advanceUntil(time, step('the watch from a version that is gone, and the list'), () => requests() === 3)
    addNamespace('team-a')
    await until('the write', () => hasSecret('team-a') && metric('writes_total{result="created"}') === 1)
    write.resolve()
    await advanceUntil(time, step('the next watch'), () => restarts() > 2)
    await until('the queue', () => metric('queue_depth') === 0)
    await whenFresh(1)
    assert.deepEqual([metric('repairs_total'), metric('writes_total{result="updated"}')], [0, 0], logged.join('\n'))
    const isCompared = () => metric('comparisons_total{result="completed"}') === 2
    await advanceUntil(time, { stepMs: 30_000, description: 'the comparison' }, isCompared)
    assert.equal(metric('missed_changes_total'), 0)
  })

  test('count no missed change where a list takes longer than a comparison', async (t) => {
    const { sandbox, start, time, addNamespace, hasSecret } = await startControllerTest(t, { namespaces: ['default'] })
    const { parts, cluster } = sandbox
    const { metric } = await start()
    const requests = () => parts.kubernetes.seen.filter(({ path }) => path === '/api/v1/secrets').length
    await until('the watch', () => requests() === 1)
    const end = Promise.withResolvers<void>()
    const body = listedBefore(cluster.store.resourceVersion, end.promise)
    const isList = (request: Parameters<typeof isStreamedList>[0] & { readonly path: string }) =>
      request.path === '/api/v1/secrets' && isStreamedList(request)
    parts.kubernetes.faults.inject({ kind: 'response', response: { status: 200, body } }, { when: isList, times: 1 })
    cluster.store.emitter.emit('undefined', 'Secret')
    addNamespace('default', { changed: 'after the watch' })
    cluster.store.compact()
    await advanceUntil(time, step('the list'), () => requests() === 3)
    addNamespace('team-a')
    await until('the write', () => hasSecret('team-a'))
    const compared = () => metric('comparisons_total{result="completed"}') ?? 0
    const slow = { stepMs: 30_000, description: 'comparisons' }
    await advanceUntil(time, slow, () => compared() >= 2) // of namespaces only
    assert.equal(metric('missed_changes_total'), 0)
    end.resolve()
    const before = requests()
    await advanceUntil(time, step('the next watch'), () => requests() > before)
    await advanceUntil(time, slow, () => compared() >= 5)
    assert.deepEqual([metric('missed_changes_total'), metric('repairs_total')], [0, 0])
  })

  test('count one repair where the event of a second change of the same client follows it', async (t) => {
    const { sandbox, start, hasSecret } = await startControllerTest(t)
    const { store } = sandbox.cluster
    const { metric, whenFresh } = await start()
    await whenFresh(2)
    const watches = store.emitter.listeners('change')
    store.emitter.removeAllListeners('change')
    const changes: StoredChange[] = []
    store.emitter.on('change', (change) => void changes.push(change))
    const deliver = () => {
      const change = changes.shift()
      for (const watch of watches) if (change !== undefined) watch(change)
    }
    for (const password of ['first', 'second'])
      await patchAs(sandbox, 'team-a', 'kubectl-edit', { data: dockerConfigData('europe-docker.pkg.dev', password) })
    removeSecret(store, 'team-b')
    deliver()
    await until('the repair', () => metric('repairs_total') === 1)
    deliver()
    deliver()
    await until('that of the Secret deleted after it', () => hasSecret('team-b') && metric('queue_depth') === 0)
    assert.equal(metric('repairs_total'), 2)
    while (changes.length > 0) deliver()
    for (const watch of watches) store.emitter.on('change', watch)
    await whenFresh(2)
    assert.equal(metric('repairs_total'), 2)
  })

  test('are started again while the permission is missing: it is reported once, and readiness fails', async (t) => {
    const { sandbox, start, time } = await startControllerTest(t)
    const allow = sandbox.cluster.authorization.forbid({ verbs: ['list'], resources: ['secrets'] })
    const { whenFresh, health, logged } = await start()
    await until('the failure', () =>
      health('/readyz').includes('Secrets regcred are not watched: KUBERNETES_FORBIDDEN'),
    )
    await advanceUntil(
      time,
      step('further attempts'),
      () => sandbox.parts.kubernetes.seen.filter(({ path }) => path === '/api/v1/secrets').length > 3,
    )
    assert.match(health('/readyz'), /^\[-\]watches failed: Secrets regcred are not watched/)
    assert.equal(logged.filter((line) => line.startsWith('error a watch failed')).length, 1)
    allow()
    const isReady = () => health('/readyz').startsWith('[+]watches ok')
    await advanceUntil(time, step('the permission'), isReady)
    await whenFresh(2)
  })
})
