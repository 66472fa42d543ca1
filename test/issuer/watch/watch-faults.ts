/** Faults of the API server that a watch reads keys from and stores its state at. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { manyLabels } from '../../../e2e/contract/kubernetes-cluster.ts'
import { alarmText } from '../../../src/publish/watch/alarms.ts'
import { createWatchHealth } from '../../../src/publish/watch/health.ts'
import { respondHealth } from '../../../src/server/health.ts'
import { startTestWatch, type TestWatch } from './test-watch.ts'

const bodies = {
  'a response without keys': '{"keys":[]}',
  'a response that is not JSON': '<html>',
  'a response that is not a JWKS': '{}',
}

/** No published key is withdrawn while the API server responds with one of these bodies. */
export function testUnusableKeys(titles: readonly (keyof typeof bodies)[]): void {
  for (const title of titles) {
    test(title, async (t) => {
      const watch = await startTestWatch(t)
      await watch.runRound()
      const before = watch.published()
      const headers = { 'content-type': 'application/jwk-set+json' }
      watch.sandbox.parts.kubernetes.faults.inject(
        { kind: 'response', response: { status: 200, headers, body: bodies[title] } },
        { when: ({ path }) => path === '/openid/v1/jwks' },
      )
      await watch.runRound(5)
      watch.sandbox.clock.advance('3 d')
      const { status } = await watch.runRound()
      assert.deepEqual(watch.published(), before)
      assert.ok(status.alarms.some(({ code }) => code === 'API_SERVER_UNREADABLE'))
    })
  }
}

/** The status of /readyz and the alarm after each of so many rounds. */
async function rounds(watch: TestWatch, count: number) {
  const reports: string[] = []
  for (let round = 0; round < count; round++) {
    const { status } = await watch.runRound()
    const { endpoints, update } = createWatchHealth('state', watch.context)
    update(status)
    const { status: ready } = respondHealth('/readyz', endpoints) ?? {}
    reports.push([ready, ...status.alarms.map((alarm) => `${alarm.code} ${alarmText(alarm).split(':')[0]}`)].join(' '))
  }
  return reports
}

const unwritable: Readonly<Record<string, readonly [breaks: (watch: TestWatch) => () => void, code: string]>> = {
  'since 4,294 labels fill its ConfigMap': [
    ({ sandbox: { cluster } }) => {
      const state = cluster.store.read('ConfigMap', 'pullpass-system', 'pullpass-issuer')
      assert.ok(state)
      cluster.store.put({ ...state, metadata: { ...state.metadata, labels: manyLabels(4_294) } })
      return () => void cluster.store.put(state)
    },
    'OBJECT_TOO_LARGE',
  ],
  'since its permission was removed': [
    ({ sandbox: { cluster } }) => cluster.authorization.forbid({ verbs: ['patch'], resources: ['configmaps'] }),
    'KUBERNETES_FORBIDDEN',
  ],
  'since its ConfigMap was made immutable': [
    ({ sandbox: { cluster } }) => {
      const state = cluster.store.read('ConfigMap', 'pullpass-system', 'pullpass-issuer')
      assert.ok(state)
      cluster.store.put({ ...state, immutable: true })
      return () => void cluster.store.put(state)
    },
    'KUBERNETES_REFUSED',
  ],
}

/** The alarm begins in the next round; the watch is not ready after two. */
export function testUnwritable(titles: readonly string[]): void {
  for (const title of titles) {
    test(`${title}, raises the alarm in the next round, and is not ready after two`, async (t) => {
      const [breaks, code] = unwritable[title] ?? assert.fail(title)
      const watch = await startTestWatch(t)
      assert.deepEqual(await rounds(watch, 2), ['200', '200'])
      const restore = breaks(watch)
      const alarm = `KEY_STATE_UNWRITABLE ${code}`
      assert.deepEqual(await rounds(watch, 3), [`200 ${alarm}`, `503 ${alarm}`, `503 ${alarm}`])
      restore()
      assert.deepEqual(await rounds(watch, 1), ['200'])
    })
  }
}
