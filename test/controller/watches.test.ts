import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
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
