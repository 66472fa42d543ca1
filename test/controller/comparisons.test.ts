import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import type { TestSandbox } from '../support/start-test-sandbox.ts'
import { startControllerTest } from './start-test-controller.ts'
import { advanceUntil, until } from './virtual-time.ts'

/** Makes changes that no open watch reports. */
function loseEvents({ cluster: { store } }: TestSandbox, change: () => void): void {
  const watches = store.emitter.listeners('change')
  store.emitter.removeAllListeners('change')
  change()
  for (const watch of watches) store.emitter.on('change', watch)
}

function remove({ cluster: { store } }: TestSandbox, namespace: string): void {
  const secret = store.read('Secret', namespace, 'regcred')
  assert.ok(secret)
  store.remove(secret)
}

const compared = 'comparisons_total{result="completed"}'
const step = (description: string) => ({ stepMs: 30_000, description })

suite('the full comparison of the view with the cluster', () => {
  test('repairs a namespace and a Secret whose events were lost, logs and counts both', async (t) => {
    const { sandbox, start, time, addNamespace, hasSecret, exchanges } = await startControllerTest(t)
    const { whenFresh, metric, logged } = await start()
    await whenFresh(2)
    loseEvents(sandbox, () => {
      addNamespace('team-lost')
      remove(sandbox, 'team-a')
    })
    await advanceUntil(time, step('the comparison'), () => metric(compared) === 2)
    await until('the Secrets', () => hasSecret('team-a') && hasSecret('team-lost'))
    assert.deepEqual([metric('missed_changes_total'), exchanges()], [2, 1])
    assert.deepEqual(
      logged.filter((line) => line.startsWith('error')),
      [
        'error a change that no watch reported was repaired namespaces team-lost a creation or modification',
        'error a change that no watch reported was repaired Secrets regcred team-a a deletion',
      ],
    )
    await whenFresh(3)
  })

  test('counts nothing that a watch reports within three minutes', async (t) => {
    const { sandbox, start, time, hasSecret } = await startControllerTest(t)
    const { whenFresh, metric } = await start()
    await whenFresh(2)
    loseEvents(sandbox, () => remove(sandbox, 'team-a'))
    const requests = () => sandbox.parts.kubernetes.seen.filter(({ path }) => path === '/api/v1/secrets').length
    assert.equal(requests(), 1) // its watch
    await advanceUntil(time, step('the first list'), () => requests() === 2)
    const secret = sandbox.cluster.store.read('Secret', 'team-b', 'regcred')
    assert.ok(secret)
    const late = { ...secret, metadata: { ...secret.metadata, namespace: 'team-a', uid: 'late' } }
    sandbox.cluster.store.put(late) // the event of its successor arrives
    await advanceUntil(time, step('the comparison'), () => metric(compared) === 2)
    assert.deepEqual([metric('missed_changes_total'), requests()], [0, 2])
    assert.ok(hasSecret('team-a'))
  })

  test('that fails is counted, and repeated ten minutes later', async (t) => {
    const { sandbox, start, time } = await startControllerTest(t)
    const { whenFresh, metric, logged } = await start()
    await whenFresh(2)
    const allow = sandbox.cluster.authorization.forbid({ verbs: ['list'], resources: ['secrets'] })
    await advanceUntil(time, step('the failure'), () => metric('comparisons_total{result="failed"}') === 1)
    assert.match(logged.join('\n'), /^warn the view could not be compared .* Secrets regcred KUBERNETES_FORBIDDEN/m)
    allow()
    await advanceUntil(time, step('the next one'), () => (metric(compared) ?? 0) >= 3)
    assert.equal(metric('missed_changes_total'), 0)
  })
})
