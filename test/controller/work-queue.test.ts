import assert from 'node:assert/strict'
import { suite, type TestContext, test } from 'node:test'
import { setImmediate as turn } from 'node:timers/promises'
import { keyOf, type WorkItem, WorkQueue } from '../../src/controller/work-queue.ts'
import { createVirtualTime } from './virtual-time.ts'

/** A queue whose work ends when the test resolves it. */
function startQueue(t: TestContext, again: (item: WorkItem) => Date | undefined = () => undefined) {
  const time = createVirtualTime()
  const end = new AbortController()
  const running = new Map<string, () => void>()
  const started: string[] = []
  const work = async (item: WorkItem) => {
    started.push(keyOf(item))
    await new Promise<void>((resolve) => running.set(keyOf(item), resolve))
    running.delete(keyOf(item))
    return again(item)
  }
  const queue = new WorkQueue(
    work,
    keyOf,
    { ...time, signal: end.signal },
    { limits: { concurrency: 4, perDocument: 2, perTenant: 1, tenants: 2 } },
  )
  const ended = queue.run()
  t.after(async () => {
    end.abort(new Error('stopped'))
    for (const finish of running.values()) finish()
    await ended
  })
  const add = (document: string, ...namespaces: string[]) => {
    for (const namespace of namespaces) queue.add({ document, namespace })
  }
  const finish = async (...keys: string[]) => {
    for (const key of keys) running.get(key)?.()
    await turn()
  }
  return { queue, time, end, ended, started, running, add, finish }
}

suite('the work queue', () => {
  test('takes documents in turn: one with many namespaces that hang does not delay others', async (t) => {
    const { add, finish, started } = startQueue(t)
    add('hanging', ...Array.from({ length: 5_000 }, (_, index) => `namespace-${index}`))
    assert.deepEqual(started, ['hanging namespace-0', 'hanging namespace-1']) // its part of the concurrency
    add('other', 'a', 'b', 'c')
    await finish('other a', 'other b')
    assert.deepEqual(started.slice(2), ['other a', 'other b', 'other c'])
  })

  test('takes the PullSecrets of one namespace as one document, with a smaller part, and all tenants with half of the work', async (t) => {
    const { add, finish, started } = startQueue(t)
    for (let index = 0; index < 5_000; index++) add(`PullSecret/hostile/pull-${index}`, 'hostile')
    assert.deepEqual(started, ['PullSecret/hostile/pull-0 hostile'])
    add('PullSecret/team-a/pull', 'team-a')
    for (let index = 0; index < 100; index++) add(`PullSecret/hostile-${index}/pull`, `hostile-${index}`)
    assert.deepEqual(started.slice(1), ['PullSecret/team-a/pull team-a'])
    add('ClusterPullSecret/pull', 'a', 'b')
    assert.deepEqual(started.slice(2), ['ClusterPullSecret/pull a', 'ClusterPullSecret/pull b'])
    add('PullSecret/team-b/pull', 'team-b')
    await finish('PullSecret/hostile/pull-0 hostile')
    await finish('PullSecret/hostile/pull-1 hostile')
    assert.deepEqual(started.slice(4), ['PullSecret/hostile/pull-1 hostile', 'PullSecret/hostile-0/pull hostile-0'])
  })

  test('removes what waits of one PullSecret, and nothing else of its namespace', async (t) => {
    const { add, finish, started, queue } = startQueue(t)
    for (const name of ['one', 'two', 'three']) add(`PullSecret/team-a/${name}`, 'team-a')
    queue.removeDocument('PullSecret/team-a/two')
    await finish('PullSecret/team-a/one team-a')
    await finish('PullSecret/team-a/three team-a')
    assert.deepEqual(started, ['PullSecret/team-a/one team-a', 'PullSecret/team-a/three team-a'])
    assert.equal(queue.depth, 0)
  })

  test('runs an item once at a time; one that is added meanwhile runs again', async (t) => {
    const { add, finish, started, queue } = startQueue(t)
    add('one', 'a', 'a')
    add('one', 'a')
    assert.deepEqual([started, queue.depth], [['one a'], 2])
    await finish('one a')
    assert.deepEqual([started, queue.depth], [['one a', 'one a'], 1])
    await finish('one a')
    assert.deepEqual([started.length, queue.depth], [2, 0])
  })

  test('runs an item again at the time that its work returns, however long that is', async (t) => {
    let at: Date | undefined = new Date('2026-11-24T12:40:00Z')
    const { add, finish, started, time } = startQueue(t, () => at)
    add('one', 'a')
    await finish('one a')
    at = undefined
    for (let minute = 1; minute < 40; minute++) {
      time.advance(60_000)
      await turn()
    }
    assert.equal(started.length, 1)
    time.advance(60_000)
    await turn()
    assert.equal(started.length, 2)
  })

  test('notices within a minute that the clock was set', async (t) => {
    const { add, finish, started, time } = startQueue(t, () => new Date('2026-11-24T12:40:00Z'))
    add('one', 'a')
    await finish('one a')
    time.set('2026-11-25T00:00:00Z')
    await turn()
    assert.equal(started.length, 1)
    time.advance(60_000)
    await turn()
    assert.equal(started.length, 2)
  })

  test('states how long its oldest item has waited or run', async (t) => {
    const { add, finish, time, queue } = startQueue(t)
    add('one', 'a')
    time.advance(5_000)
    add('one', 'b')
    assert.equal(queue.oldestMs, 5_000)
    await finish('one a')
    assert.equal(queue.oldestMs, 0)
  })

  test('starts nothing after the signal, and ends when nothing runs', async (t) => {
    const { add, finish, end, ended, started } = startQueue(t)
    add('one', 'a', 'b', 'c')
    end.abort(new Error('stopped'))
    await finish('one a', 'one b')
    await ended
    assert.deepEqual(started, ['one a', 'one b'])
  })
})
