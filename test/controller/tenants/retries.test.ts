/** What failing exchanges of PullSecrets cost the cloud, and others. */
import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import { seededRandom } from '../faults/random-run.ts'
import { documentWith, refused, startExchanges, unavailable } from './start-exchanges.ts'

const minuteMs = 60_000
/** As many settings as a namespace can have. */
const manyIn = (namespace: string) =>
  Array.from({ length: 100 }, (_, index) => documentWith({ name: `many-${index}`, namespace }, 16))
const one = (name: string, namespace = 'team-a') => documentWith({ name, namespace }, 1)

suite('failing exchanges of the PullSecrets of a namespace', () => {
  test('of 1,600 settings that the cloud refuses are tried again six times a minute', async (t) => {
    const { use, advance, perMinute, begun, limited, credentials } = startExchanges(t, () => refused)
    await use(manyIn('team-a'))
    await advance(70 * minuteMs, 2_000)
    const hourly = perMinute(60)
    t.diagnostic(`${hourly} requests a minute`)
    assert.ok(hourly <= 6.5 && hourly > 5.5, `${hourly} a minute`)
    assert.equal(new Set(begun.slice(0, 1_600).map(({ mintedFrom }) => mintedFrom)).size, 1_600)
    assert.deepEqual([limited.size, credentials.waitingExchanges > 1_500], [100, true])
  })

  test('are tried again as soon as before where few fail', async (t) => {
    for (let seed = 1; seed <= 20; seed++) {
      const { use, advance, begun, limited } = startExchanges(t, () => unavailable, seededRandom(seed))
      await use([one('alone')])
      await advance(60 * minuteMs)
      const gaps = begun.slice(1).map(({ atMs }, index) => atMs - (begun[index]?.atMs ?? 0))
      assert.ok(Math.max(...gaps) <= 31_000, `seed ${seed}: ${Math.max(...gaps)} ms`)
      assert.deepEqual([limited.size, begun.length > 200], [0, true], `seed ${seed}: ${begun.length}`)
    }
  })

  test('all succeed within 30 s after an outage of an hour, also where a hundred fail', async (t) => {
    let state: 'down' | 'up' = 'down'
    const started = startExchanges(t, () => (state === 'down' ? unavailable : 'credential'))
    const { use, advance, begun, perMinute, time } = started
    await use(manyIn('team-a').slice(0, 6))
    await use([one('few-1', 'team-b'), one('few-2', 'team-b'), one('few-3', 'team-b')])
    await advance(60 * minuteMs, 2_000)
    t.diagnostic(`${perMinute(50, /team-a/)} and ${perMinute(50, /team-b/)} requests a minute during the outage`)
    assert.ok(perMinute(50, /team-a/) <= 6.5)
    state = 'up'
    const before = begun.length
    const sinceMs = time.elapsedMs()
    await advance(30_000)
    const after = begun.slice(before)
    const last = (namespace: string) =>
      Math.max(...after.filter(({ document }) => document.includes(namespace)).map(({ atMs }) => atMs - sinceMs))
    t.diagnostic(`the last one began after ${last('team-a')} ms, and ${last('team-b')} ms`)
    assert.equal(new Set(after.map(({ mintedFrom }) => mintedFrom)).size, 99)
  })

  test('do not delay a credential of the namespace that is valid and due, nor the retry of one that was valid', async (t) => {
    let isDown = false
    const isMany = (document: string) => document.startsWith('many')
    const started = startExchanges(t, ({ document }) => {
      if (isMany(document.name)) return 40_000 // it hangs
      return isDown ? unavailable : 'credential'
    })
    const { use, advance, begun, running, credentials } = started
    const works = one('works')
    await use([works])
    await use(manyIn('team-a'))
    await use([one('written-before-a-restart')], 'valid')
    const count = (name: string) => begun.filter(({ document }) => document.endsWith(name)).length
    assert.deepEqual([count('works'), count('before-a-restart'), running()], [1, 1, 2])
    await advance(41 * minuteMs, 2_000)
    assert.ok(running() <= 4, `${running()} run`)
    assert.equal(count('works'), 2)
    isDown = true
    while (count('works') === 2) await advance(2_000)
    await advance(minuteMs)
    assert.ok(count('works') > 6, `${count('works')}`)
    assert.ok(credentials.waitingExchanges > 0 || running() > 0)
  })

  test('have no influence on ClusterPullSecrets, which are tried again without a limit', async (t) => {
    const { use, advance, perMinute, limited } = startExchanges(t, () => unavailable)
    await use([documentWith({ name: 'cluster', namespace: undefined }, 16)])
    await use(manyIn('team-a'))
    await advance(20 * minuteMs, 2_000)
    const ofCluster = perMinute(10, /^Cluster/)
    assert.ok(ofCluster > 16 * 3, `${ofCluster}`)
    assert.ok(![...limited].some((name) => name.startsWith('Cluster')))
  })

  test('that succeed once are no longer limited, and settings that are not used any more leave the line', async (t) => {
    let state: 'down' | 'up' = 'down'
    const { use, advance, limited, credentials, time } = startExchanges(t, () =>
      state === 'down' ? refused : 'credential',
    )
    const requests = await use(manyIn('team-a'))
    await advance(30 * minuteMs, 2_000)
    assert.ok(credentials.areLimited(requests.slice(0, 16)) && limited.size === 100)
    for (const { mintedFrom } of requests.slice(16)) credentials.forget(mintedFrom)
    assert.ok(credentials.waitingExchanges <= 16)
    state = 'up'
    const sinceMs = time.elapsedMs()
    await advance(10 * minuteMs)
    assert.deepEqual([credentials.areLimited(requests), credentials.waitingExchanges], [false, 0])
    assert.ok(time.elapsedMs() - sinceMs <= 10 * minuteMs)
  })
})
