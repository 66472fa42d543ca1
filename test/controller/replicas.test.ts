import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import { readPullSecret } from '../support/read-pull-secret.ts'
import { runPullpass } from '../support/run-pullpass.ts'
import { startControllerTest } from './start-test-controller.ts'
import { advanceUntil, until } from './virtual-time.ts'

suite('a controller with two replicas', () => {
  test('on standby writes and exchanges nothing, is ready, and reports no namespaces', async (t) => {
    const { sandbox, start, exchanges, addNamespace, hasSecret } = await startControllerTest(t)
    const leader = await start('one')
    await leader.whenFresh(2)
    const standby = await start('two')
    await until('its watches', () => standby.health('/readyz').endsWith('readyz check passed\n'))
    addNamespace('team-c')
    await leader.whenFresh(3)
    assert.equal(hasSecret('team-c'), true)
    assert.deepEqual([leader.metric('leader'), standby.metric('leader')], [1, 0])
    assert.deepEqual([exchanges(), standby.metric('exchanges_total')], [1, 0])
    assert.equal(standby.metric('namespaces_desired{document="ClusterPullSecret/pull"}'), undefined)
    assert.deepEqual([standby.metric('queue_depth'), standby.metric('queue_oldest_seconds')], [0, 0])
    assert.match(standby.logged.join('\n'), /^info another replica leads, this one is on standby one$/m)
    assert.ok(sandbox.cluster.store.read('Lease', 'default', 'pullpass-controller'))
  })

  test('continues without an exchange and without a write when the leader is stopped', async (t) => {
    const { sandbox, start, exchanges, time, addNamespace } = await startControllerTest(t)
    const leader = await start('one')
    await leader.whenFresh(2)
    const standby = await start('two')
    await until('the standby', () => standby.logged.some((line) => line.includes('on standby')))
    const before = readPullSecret(sandbox, 'team-a')
    await leader.stop()
    const description = 'the new leader'
    await advanceUntil(time, { stepMs: 200, description }, () => standby.metric('leader') === 1)
    await standby.whenFresh(2)
    await until('the log', () => standby.logged.includes('info all pull secrets were examined 2 2'))
    assert.ok(leader.logged.includes('info the Lease was released default/pullpass-controller'))
    assert.deepEqual(readPullSecret(sandbox, 'team-a'), before)
    assert.equal(exchanges(), 1)
    addNamespace('team-c') // needs the password, which only an exchange returns
    await standby.whenFresh(3)
    assert.equal(exchanges(), 2)
  })

  test('takes over from pullpass refresh, and back, without an exchange', async (t) => {
    const { sandbox, start, exchanges, file } = await startControllerTest(t)
    const refresh = async () =>
      await runPullpass(sandbox, ['refresh', '-f', file, '--min-remaining', '35m', '--log-level', 'error'])
    assert.equal((await refresh()).exitCode, 0)
    const before = readPullSecret(sandbox, 'team-a')
    const controller = await start('one')
    await controller.whenFresh(2)
    await controller.stop()
    const { exitCode, stderr } = await refresh()
    assert.deepEqual([exitCode, stderr], [0, ''])
    assert.deepEqual([readPullSecret(sandbox, 'team-a'), exchanges()], [before, 1])
  })

  test('writes nothing as a leader that lost its Lease, until it leads again', async (t) => {
    const { sandbox, start, time, addNamespace, hasSecret } = await startControllerTest(t)
    const only = await start('one')
    await only.whenFresh(2)
    const restore = sandbox.cluster.authorization.forbid({
      verbs: ['get', 'patch'],
      apiGroups: ['coordination.k8s.io'],
      resources: ['leases'],
    })
    const description = 'the end of the term'
    await advanceUntil(time, { stepMs: 500, description }, () => only.metric('leader') === 0)
    addNamespace('team-c')
    await until('the report', () =>
      /\[-\]lease failed: Lease default\/pullpass-controller: KUBERNETES_FORBIDDEN/.test(only.health('/readyz')),
    )
    time.advance(60_000)
    assert.equal(hasSecret('team-c'), false)
    restore()
    await advanceUntil(time, { stepMs: 500, description: 'the next term' }, () => only.metric('leader') === 1)
    await only.whenFresh(3)
  })
})
