/** Tenants that try to cost the cloud, the API server or other tenants more exchanges than the limits of retries allow. */
import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import { PullpassError } from '../../../src/errors/pullpass-error.ts'
import { documentWith, type Exchanges, refused, startExchanges } from './start-exchanges.ts'

const minuteMs = 60_000
const one = (name: string, namespace: string) => documentWith({ name, namespace }, 1)
const noAccount = new PullpassError({
  code: 'TOKEN_REQUEST_REFUSED',
  hop: 'subject-token',
  seen: 'the account does not exist',
  retryable: false,
})

/** Begins the exchange of the settings of this name, and ends it for those before. */
async function change({ use, credentials }: Exchanges, name: string, before: string | undefined): Promise<string> {
  if (before !== undefined) credentials.forget(before)
  const [request] = await use([one(name, 'hostile')])
  return request?.mintedFrom ?? assert.fail()
}

suite('a hostile tenant with failing exchanges', () => {
  test('in 20 namespaces costs six requests a minute for each, and does not delay another tenant', async (t) => {
    const started = startExchanges(t, ({ document }) => (document.name === 'good' ? 'credential' : refused))
    const { use, advance, begun, perMinute } = started
    const namespaces = Array.from({ length: 20 }, (_, index) => `hostile-${index}`)
    for (const namespace of namespaces)
      await use(Array.from({ length: 6 }, (_, index) => documentWith({ name: `pull-${index}`, namespace }, 16)))
    await advance(30 * minuteMs, 5_000)
    const before = begun.length
    await use([one('good', 'team-a')])
    assert.equal(begun[before]?.document, 'PullSecret/team-a/good')
    await advance(30 * minuteMs, 5_000)
    const each = perMinute(20) / namespaces.length
    t.diagnostic(`${each} requests a minute for each namespace`)
    assert.ok(each <= 6.5, `${each}`)
  })

  test('that changes settings every second costs no more than changes and retries are permitted', async (t) => {
    const started = startExchanges(t, () => refused)
    const { advance, begun, perMinute } = started
    let used: string | undefined
    for (let seconds = 0; seconds < 3_600; seconds++) {
      used = await change(started, `settings-${seconds}`, used)
      await advance(1_000)
    }
    t.diagnostic(`${begun.length} requests in the first hour, ${perMinute(30)} a minute in the second half`)
    assert.ok(begun.length <= 62 + 60, `${begun.length}`)
    assert.ok(perMinute(30) <= 1.1)
  })

  test('that deletes what waits, and creates it again, costs no more than changes are permitted', async (t) => {
    const started = startExchanges(t, () => refused)
    const { use, credentials, advance, perMinute } = started
    const documents = Array.from({ length: 100 }, (_, index) =>
      documentWith({ name: `pull-${index}`, namespace: 'hostile' }, 16),
    )
    let requests = await use(documents)
    await advance(10 * minuteMs, 2_000)
    for (let minutes = 0; minutes < 40; minutes++) {
      for (const { mintedFrom } of requests) credentials.forget(mintedFrom)
      requests = await use(documents)
      await advance(minuteMs, 5_000)
    }
    t.diagnostic(`${perMinute(20)} requests a minute`)
    assert.ok(perMinute(20) <= 1_600 / 60 + 2, `${perMinute(20)}`)
  })

  test('with an account that does not exist costs the API server six requests a minute', async (t) => {
    const { use, advance, perMinute } = startExchanges(t, () => noAccount)
    await use(
      Array.from({ length: 100 }, (_, index) => documentWith({ name: `pull-${index}`, namespace: 'hostile' }, 16)),
    )
    await advance(5 * minuteMs)
    const first = perMinute(5)
    await advance(30 * minuteMs, 2_000)
    t.diagnostic(`${first} a minute in the first five, with 1,600 first attempts, then ${perMinute(30)}`)
    assert.ok(first <= 1_600 / 5 + 20 / 5 + 6.5, `${first}`)
    assert.ok(perMinute(30) <= 6.5, `${perMinute(30)}`)
  })

  test('at an endpoint that hangs, in 20 namespaces, delays no credential of others that is due, and new settings for minutes', async (t) => {
    const started = startExchanges(t, ({ document }) => (document.namespace === 'team-a' ? 'credential' : 40_000))
    const { use, advance, begun, running, time } = started
    const due = one('due', 'team-a')
    await use([due])
    for (let index = 0; index < 20; index++)
      await use([documentWith({ name: 'pull', namespace: `hostile-${index}` }, 16)])
    await advance(41 * minuteMs, 5_000)
    assert.ok(running() <= 16, `${running()} run`) // and that of the tenant does not wait for one to end
    const count = (name: string) => begun.filter(({ document }) => document.endsWith(`/${name}`)).length
    assert.equal(count('due'), 2)
    await use([one('new', 'team-a')])
    const sinceMs = time.elapsedMs()
    while (count('new') === 0) await advance(1_000)
    const seconds = (time.elapsedMs() - sinceMs) / 1_000
    t.diagnostic(`${running()} run; new settings of another tenant waited for ${seconds} s`)
    assert.ok(seconds <= 120, `${seconds} s`)
  })

  test('with credentials of 61 s costs six refreshes a minute, and with one of five minutes waits for nothing', async (t) => {
    const started = startExchanges(t, ({ document }) => ({
      lifeMs: document.namespace === 'hostile' ? 61_000 : 300_000,
    }))
    const { use, advance, perMinute, credentials, faults } = started
    const requests = await use(
      Array.from({ length: 100 }, (_, index) => documentWith({ name: `pull-${index}`, namespace: 'hostile' }, 16)),
    )
    await use([one('short', 'team-a')])
    await advance(10 * minuteMs)
    await advance(30 * minuteMs, 2_000)
    t.diagnostic(`${perMinute(30, /hostile/)} requests a minute`)
    assert.ok(perMinute(30, /hostile/) <= 6.5, `${perMinute(30, /hostile/)}`)
    assert.ok(perMinute(30, /team-a/) >= 0.29, `${perMinute(30, /team-a/)}`)
    assert.match(credentials.faultsOf(requests)[0]?.seen ?? '', /valid for less than ten minutes/)
    assert.ok(faults.every(({ document }) => document.includes('hostile')))
  })
})
