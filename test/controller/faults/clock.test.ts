import assert from 'node:assert/strict'
import { suite, type TestContext, test } from 'node:test'
import { setImmediate as turn } from 'node:timers/promises'
import { readPullSecret } from '../../support/read-pull-secret.ts'
import { type ControllerTest, startControllerTest } from '../start-test-controller.ts'
import { advanceUntil, until, untilRepeated } from '../virtual-time.ts'

const minuteMs = 60_000

/** A controller with two fresh Secrets, whose clock can be set while that of the cluster and the cloud stays. */
async function startFresh(t: TestContext, minutesAhead = 0) {
  const controlled = await startControllerTest(t)
  await controlled.sandbox.writeToken({ lifeSeconds: 12 * 3600 })
  const { time, sandbox } = controlled
  const moveClock = (minutes: number) => {
    time.set(new Date(time.now().getTime() + minutes * minuteMs).toISOString())
    sandbox.clock.advance(`${-minutes} min`)
  }
  moveClock(minutesAhead)
  const running = await controlled.start()
  await running.whenFresh(2)
  return { ...controlled, running, moveClock }
}

/** Whether the credential of the Secret is accepted, by the clock of the cloud. */
const isValid = ({ sandbox }: Pick<ControllerTest, 'sandbox'>): boolean => {
  const [auth = ''] = Object.values(readPullSecret(sandbox, 'team-a')?.auths ?? {})
  return sandbox.gcp.holderOf(auth.replace('oauth2accesstoken:', '')) !== undefined
}

suite('with a clock that', () => {
  for (const minutesAhead of [10, -10, 600]) {
    test(`is ${minutesAhead} min ahead of the clock of the cloud, a credential is refreshed at two thirds of its lifetime`, async (t) => {
      const { time, exchanges, running, sandbox } = await startFresh(t, minutesAhead)
      await until('the evaluation', () => running.metric('queue_depth') === 0)
      time.advance(39 * minuteMs)
      await until('the evaluation', () => running.metric('queue_depth') === 0)
      assert.equal(exchanges(), 1)
      time.advance(2 * minuteMs)
      await untilRepeated(time, 'both Secrets', () => running.metric('writes_total{result="updated"}') === 2)
      time.advance(30 * minuteMs)
      assert.ok(isValid({ sandbox }))
    })
  }

  test('is set back by 30 min, each credential is exchanged again, once, and reported', async (t) => {
    const { time, exchanges, running, sandbox, moveClock } = await startFresh(t, 30)
    time.advance(35 * minuteMs)
    await turn() // the last check of the clock is over
    moveClock(-30)
    const isWritten = () => running.metric('writes_total{result="updated"}') === 2
    await advanceUntil(time, { stepMs: 5_000, description: 'both Secrets' }, isWritten)
    assert.match(running.logged.join('\n'), /^warn the clock of this machine was set back: .* 18\d\d$/m)
    time.advance(26 * minuteMs) // the first credential has expired
    await until('the evaluation', () => running.metric('queue_depth') === 0)
    assert.deepEqual([isValid({ sandbox }), exchanges()], [true, 2])
  })

  test('is set back by an hour, a Secret that is deleted is restored immediately, also after repairs before', async (t) => {
    const { running, sandbox, moveClock, time, hasSecret } = await startFresh(t)
    const remove = () => {
      const secret = sandbox.cluster.store.read('Secret', 'team-a', 'regcred')
      if (secret !== undefined) sandbox.cluster.store.remove(secret)
    }
    remove()
    await until('the repair', () => running.metric('repairs_total') === 1)
    moveClock(-60)
    await advanceUntil(time, { stepMs: 5_000, description: 'the report' }, () =>
      running.logged.some((line) => line.includes('set back')),
    )
    await running.whenFresh(2)
    remove()
    await until('the Secret', () => hasSecret('team-a'))
  })

  test('is ahead on another machine, which wrote the Secret: it is refreshed after the next start', async (t) => {
    const { running, start, exchanges, moveClock } = await startFresh(t, 30)
    await running.stop()
    moveClock(-30)
    const next = await start()
    await next.whenFresh(2)
    assert.equal(exchanges(), 2)
  })

  test('is set back while no replica runs: what was written before is refreshed after the next start', async (t) => {
    const { running, start, exchanges, moveClock, time } = await startFresh(t, 30)
    await running.stop()
    moveClock(-30)
    time.advance(35 * minuteMs) // the time of the Secrets is in the past
    const next = await start()
    await until('the exchange', () => exchanges() === 2)
    await next.whenFresh(2)
  })

  test('is 30 min ahead all the time, nothing is exchanged again after the next start', async (t) => {
    const { running, start, exchanges, time } = await startFresh(t, 30)
    await running.stop()
    time.advance(5 * minuteMs)
    const next = await start()
    await next.whenFresh(2)
    assert.equal(exchanges(), 1)
  })

  test('differs from that of one of the API servers: a Secret that was written by it is not written again', async (t) => {
    const { running, exchanges, sandbox } = await startFresh(t)
    const { store } = sandbox.cluster
    const secret = store.read('Secret', 'team-a', 'regcred')
    assert.ok(secret?.metadata.managedFields)
    const time = new Date(sandbox.clock.now().getTime() - 10 * minuteMs).toISOString()
    const managedFields = secret.metadata.managedFields.map((entry) => ({ ...entry, time }))
    store.put({ ...secret, metadata: { ...secret.metadata, managedFields } })
    const next = store.read('Secret', 'team-b', 'regcred')
    assert.ok(next)
    store.remove(next)
    await until('the next Secret of the watch', () => running.metric('repairs_total') === 1)
    await until('the evaluation', () => running.metric('queue_depth') === 0)
    const isWrite = ({ method, path }: { method: string; path: string }) =>
      method === 'PATCH' && path === '/api/v1/namespaces/team-a/secrets/regcred'
    assert.deepEqual([sandbox.parts.kubernetes.seen.filter(isWrite).length, exchanges()], [1, 1])
  })

  test('jumps forward by 30 min, the credential is exchanged once', async (t) => {
    const { running, exchanges, moveClock, time } = await startFresh(t)
    time.advance(15 * minuteMs)
    moveClock(30)
    await advanceUntil(time, { stepMs: 5_000, description: 'the new credential' }, () => exchanges() === 2)
    await running.whenFresh(2)
    time.advance(15 * minuteMs)
    await until('the evaluation', () => running.metric('queue_depth') === 0)
    assert.equal(exchanges(), 2)
  })
})
