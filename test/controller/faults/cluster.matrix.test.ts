import assert from 'node:assert/strict'
import { suite, type TestContext, test } from 'node:test'
import { type Fault, throttled } from '../../../sandbox/serve/faults.ts'
import { readPullSecret } from '../../support/read-pull-secret.ts'
import { type ControllerTest, type RunningController, startControllerTest } from '../start-test-controller.ts'
import { advanceUntil, until } from '../virtual-time.ts'

const minuteMs = 60_000

async function startFresh(t: TestContext): Promise<ControllerTest & { readonly running: RunningController }> {
  const controlled = await startControllerTest(t, { random: () => 0.5 })
  const running = await controlled.start('one')
  await advanceUntil(controlled.time, { stepMs: 500, description: 'the Secrets' }, () => controlled.hasSecret('team-b'))
  await running.whenFresh(2)
  return { ...controlled, running }
}

const isWatch = ({ query }: { readonly query?: URLSearchParams }) => query?.get('watch') === '1'
const isWrite = ({ method, path }: { readonly method: string; readonly path: string }) =>
  method === 'PATCH' && path.endsWith('/secrets/regcred')

/** What the watches meet; a new namespace gets its Secret within so many milliseconds, with so many requests in ten minutes. */
const watches: readonly { title: string; fault: Fault; withinMs: number; mostRequests: number }[] = [
  { title: 'end after each event', fault: { kind: 'truncate' }, withinMs: 31_000, mostRequests: 70 },
  {
    title: 'get 410 each time',
    fault: { kind: 'response', response: { status: 410, body: '{}' } },
    withinMs: 31_000,
    mostRequests: 160,
  },
  { title: 'get 429 each time', fault: throttled(1), withinMs: 200_000, mostRequests: 2_000 },
]

suite('the controller reports no namespace as failed, and writes each Secret, when its watches', () => {
  for (const { title, fault, withinMs, mostRequests } of watches) {
    test(title, async (t) => {
      const { sandbox, time, addNamespace, hasSecret, running } = await startFresh(t)
      const { faults, seen } = sandbox.parts.kubernetes
      faults.inject(fault, { when: isWatch })
      for (const path of ['namespaces', 'secrets']) {
        faults.inject({ kind: 'truncate' }, { when: (request) => request.path === `/api/v1/${path}`, times: 1 })
      }
      const requests = () => seen.filter(({ method, path }) => method === 'GET' && !path.includes('lease')).length
      const before = requests()
      addNamespace('team-c')
      const endsMs = time.elapsedMs() + 10 * minuteMs
      let foundMs = Number.POSITIVE_INFINITY
      const startedMs = time.elapsedMs()
      await advanceUntil(time, { stepMs: 500, description: 'ten minutes' }, () => {
        if (hasSecret('team-c')) foundMs = Math.min(foundMs, time.elapsedMs() - startedMs)
        return time.elapsedMs() >= endsMs
      })
      assert.ok(requests() - before <= mostRequests, `${requests() - before} requests`)
      faults.clear()
      addNamespace('team-d')
      await advanceUntil(time, { stepMs: 500, description: 'the Secret' }, () => hasSecret('team-d'))
      assert.ok(title.includes('429') || foundMs <= withinMs, `after ${foundMs} ms`)
      assert.deepEqual(
        running.logged.filter((line) => line.startsWith('error a refresh')),
        [],
      )
    })
  }
})

suite('the controller', () => {
  test('writes 500 namespaces that are created together, with one exchange', async (t) => {
    const { addNamespace, exchanges, running, time } = await startFresh(t)
    const before = exchanges()
    for (let index = 0; index < 500; index++) addNamespace(`team-n${index}`)
    await running.whenFresh(502)
    assert.equal(exchanges(), before)
    time.advance(10_000)
  })

  test('writes each Secret within 20 s after an API server has started, which refuses everything for some seconds', async (t) => {
    const { sandbox, time, addNamespace, running } = await startFresh(t)
    const permit = sandbox.cluster.authorization.forbid({ verbs: ['patch'], resources: ['secrets'] })
    for (let index = 0; index < 20; index++) addNamespace(`team-n${index}`)
    const refusals = () => running.metric('failures_total{hop="kubernetes",code="KUBERNETES_FORBIDDEN"}') ?? 0
    const failed = { stepMs: 500, description: 'three refusals of each' }
    await advanceUntil(time, failed, () => refusals() >= 60)
    permit()
    const startedMs = time.elapsedMs()
    const isFresh = () => running.metric('namespaces_fresh{document="ClusterPullSecret/pull"}') === 22
    await advanceUntil(time, { stepMs: 500, description: 'the Secrets' }, isFresh)
    assert.ok(time.elapsedMs() - startedMs <= 20_000)
  })

  test('writes every Secret, while each response of the API server is slow', async (t) => {
    const { sandbox, addNamespace, running } = await startFresh(t)
    sandbox.parts.kubernetes.faults.inject({ kind: 'latency', ms: 20 })
    for (let index = 0; index < 100; index++) addNamespace(`team-n${index}`)
    await running.whenFresh(102)
  })

  test('forgets a namespace that is deleted during a write, without a failure', async (t) => {
    const { sandbox, addNamespace, running, time } = await startFresh(t)
    sandbox.parts.kubernetes.faults.inject({ kind: 'latency', ms: 30 }, { when: isWrite })
    const writes = sandbox.parts.kubernetes.seen.filter(isWrite).length
    addNamespace('team-c')
    await sandbox.parts.kubernetes.whenSeen(isWrite, writes + 1)
    const namespace = sandbox.cluster.store.read('Namespace', '', 'team-c')
    assert.ok(namespace)
    sandbox.cluster.store.remove(namespace)
    await until('the end of the write', () => running.metric('queue_depth') === 0)
    await running.whenFresh(2)
    time.advance(minuteMs)
    await until('the queue', () => running.metric('queue_depth') === 0)
    assert.deepEqual(
      running.logged.filter((line) => line.startsWith('error')),
      [],
    )
    assert.equal(sandbox.cluster.store.read('Secret', 'team-c', 'regcred'), undefined)
  })

  test('that loses its Lease during an exchange writes nothing of it, and exchanges again when it leads', async (t) => {
    const { sandbox, time, running, exchanges } = await startFresh(t)
    const before = readPullSecret(sandbox, 'team-a')
    sandbox.gcp.parts.iamCredentials.faults.inject({ kind: 'stall', at: 'request' })
    await sandbox.writeToken({ lifeSeconds: 12 * 3600 })
    time.set(new Date(time.now().getTime() + 38 * minuteMs).toISOString())
    const lose = { verbs: ['get', 'patch'], apiGroups: ['coordination.k8s.io'], resources: ['leases'] }
    await advanceUntil(time, { stepMs: 500, description: 'the exchange' }, () => exchanges() === 2)
    const restore = sandbox.cluster.authorization.forbid(lose)
    await advanceUntil(time, { stepMs: 500, description: 'the end of the term' }, () => running.metric('leader') === 0)
    assert.deepEqual(readPullSecret(sandbox, 'team-a'), before)
    sandbox.gcp.parts.iamCredentials.faults.clear()
    restore()
    const isNew = () => readPullSecret(sandbox, 'team-a')?.resourceVersion !== before?.resourceVersion
    await advanceUntil(time, { stepMs: 500, description: 'the new credential' }, isNew)
    assert.equal(exchanges(), 3)
    assert.deepEqual(
      running.logged.filter((line) => line.includes('a refresh failed')),
      [],
    )
  })
})
