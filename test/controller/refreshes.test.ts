import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import { throttled } from '../../sandbox/serve/faults.ts'
import { documentText } from '../support/document-text.ts'
import { readPullSecret } from '../support/read-pull-secret.ts'
import { type ControllerTest, startControllerTest } from './start-test-controller.ts'
import { advanceUntil, until, untilRepeated } from './virtual-time.ts'

const minuteMs = 60_000
const secondsToExpiry = 'seconds_to_expiry{document="ClusterPullSecret/pull",registry="google"}'

/** As long as the credential lives, its subject token does too. */
const writeLongToken = async ({ sandbox }: ControllerTest) => await sandbox.writeToken({ lifeSeconds: 12 * 3600 })

suite('the controller refreshes', () => {
  for (const [random, minutes] of [
    [0, 40],
    [0.999, 34],
  ] as const) {
    test(`at two thirds of the lifetime with jitter: after ${minutes} of 60 min with a random number of ${random}`, async (t) => {
      const controlled = await startControllerTest(t, { random: () => random })
      await writeLongToken(controlled)
      const { time, start, exchanges } = controlled
      const { whenFresh, metric } = await start()
      await whenFresh(2)
      await until('the evaluation', () => metric('queue_depth') === 0)
      time.advance(minutes * minuteMs - 1_000)
      await until('the evaluation', () => metric('queue_depth') === 0)
      assert.equal(exchanges(), 1)
      time.advance(2_000)
      // A request that has to be repeated waits for the clock.
      const step = { stepMs: 100, description: 'both Secrets' }
      await advanceUntil(time, step, () => metric('writes_total{result="updated"}') === 2)
      assert.ok((metric(secondsToExpiry) ?? 0) > 3_500)
      assert.equal(exchanges(), 2) // one for both namespaces
    })
  }

  test('only what is missing or due after a restart: it resumes from the annotations', async (t) => {
    const controlled = await startControllerTest(t, { namespaces: ['team-a', 'team-b'] })
    await writeLongToken(controlled)
    const { sandbox, start, time, exchanges, addNamespace } = controlled
    const first = await start()
    await first.whenFresh(2)
    await first.stop()

    time.advance(20 * minuteMs)
    const second = await start()
    await second.whenFresh(2)
    assert.deepEqual([exchanges(), second.metric('exchanges_total')], [1, 0]) // nothing is due
    await until('the log', () => second.logged.includes('info all pull secrets were examined 2 2'))
    const before = readPullSecret(sandbox, 'team-a')
    addNamespace('team-new')
    await second.whenFresh(3)
    assert.deepEqual([exchanges(), readPullSecret(sandbox, 'team-a')], [2, before]) // one is missing

    time.advance(21 * minuteMs)
    // A request that has to be repeated waits for the clock.
    const due = { stepMs: 500, description: 'the due Secrets' }
    await advanceUntil(time, due, () => second.metric('writes_total{result="updated"}') === 2)
    assert.equal(exchanges(), 2) // the credential of the new namespace is in memory, and not due
  })
})

suite('while the cloud is unavailable, the controller', () => {
  test('keeps each pull secret, and retries until it succeeds', async (t) => {
    const controlled = await startControllerTest(t, { random: () => 0.5 })
    await writeLongToken(controlled)
    const { sandbox, time, start } = controlled
    const { whenFresh, metric, logged } = await start()
    await whenFresh(2)
    const before = readPullSecret(sandbox, 'team-a')
    const { faults } = sandbox.gcp.parts.sts
    faults.inject({ kind: 'response', response: { status: 503, body: 'unavailable' } })
    time.advance(41 * minuteMs)
    const failed = () => (metric('failures_total{hop="exchange",code="EXCHANGE_UNAVAILABLE"}') ?? 0) >= 3
    await advanceUntil(time, { stepMs: 5_000, description: 'failures' }, failed)
    assert.deepEqual(
      [readPullSecret(sandbox, 'team-a'), metric('namespaces_fresh{document="ClusterPullSecret/pull"}')],
      [before, 2],
    )
    faults.clear()
    const isNew = () => (metric(secondsToExpiry) ?? 0) > 3_000
    await advanceUntil(time, { stepMs: 5_000, description: 'the new credential' }, isNew)
    const failures = logged.filter((line) => line.startsWith('error a refresh failed'))
    assert.equal(failures.length, 1, failures.join('\n'))
    assert.match(logged.join('\n'), /^info a failure has ended EXCHANGE_UNAVAILABLE exchange .* 3 \d+$/m)
  })

  test('names the namespaces that have no pull secret: once in the log, and on the status page', async (t) => {
    const { sandbox, start, time, addNamespace } = await startControllerTest(t)
    sandbox.gcp.parts.sts.faults.inject({ kind: 'response', response: { status: 503, body: 'unavailable' } })
    const { logged, page } = await start()
    const absent = 'warn a namespace has no pull secret, and an exchange fails ClusterPullSecret/pull team-'
    const lines = () => logged.filter((line) => line.startsWith(absent))
    await advanceUntil(time, { stepMs: 500, description: 'the log' }, () => lines().length === 2)
    addNamespace('team-new')
    await advanceUntil(time, { stepMs: 500, description: 'the new namespace' }, () => lines().length === 3)
    assert.match(page(), /fresh in 0 of 3 namespaces\. Not in: team-a, team-b, team-new\./)
    for (let seconds = 0; seconds < 60; seconds++) time.advance(1_000)
    assert.equal(lines().length, 3)
  })

  test('writes registries that succeed, keeps entries of others, and does not write the Secret again meanwhile', async (t) => {
    const controlled = await startControllerTest(t, {
      document: (one) =>
        documentText(one, {
          include: ['team-*'],
          registries: {
            google: { host: 'europe-docker.pkg.dev' },
            direct: { host: 'us-docker.pkg.dev', account: 'none' },
          },
        }),
    })
    const { sandbox, start, time } = controlled
    sandbox.gcp.parts.iamCredentials.faults.inject({ kind: 'response', response: { status: 403, body: '{}' } })
    const { metric } = await start()
    await until('the other registry', () => metric('writes_total{result="created"}') === 2)
    assert.deepEqual(Object.keys(readPullSecret(sandbox, 'team-a')?.auths ?? {}), ['us-docker.pkg.dev'])
    for (let minute = 0; minute < 4; minute++) {
      time.advance(minuteMs)
      await until('the queue', () => metric('queue_depth') === 0)
    }
    const written = ['updated', 'unchanged'].map((result) => metric(`writes_total{result="${result}"}`))
    assert.deepEqual([written, metric('namespaces_fresh{document="ClusterPullSecret/pull"}')], [[0, 0], 0])
  })

  test('writes the Secrets of other documents, while the exchange of one document hangs', async (t) => {
    const registries = { direct: { host: 'us-docker.pkg.dev', account: 'none' } }
    const controlled = await startControllerTest(t, {
      document: (one) =>
        `${documentText(one, { include: ['default'] })}---\n${documentText(one, { name: 'other', include: ['team-*'], registries })}`,
    })
    const { sandbox, start, hasSecret } = controlled
    sandbox.gcp.parts.iamCredentials.faults.inject({ kind: 'stall', at: 'request' })
    const { whenFresh, metric } = await start()
    await whenFresh(2, 'ClusterPullSecret/other')
    assert.deepEqual([hasSecret('default'), metric('queue_depth')], [false, 0]) // nothing waits in the queue for it
  })

  test('retries a refusal slowly, and reports it once', async (t) => {
    const controlled = await startControllerTest(t)
    const { sandbox, start, time, addNamespace } = controlled
    const { iamCredentials } = sandbox.gcp.parts
    iamCredentials.faults.inject({ kind: 'response', response: { status: 403, body: '{}' } })
    const { metric, logged } = await start()
    await until('the refusal', () => logged.some((line) => line.startsWith('error')))
    addNamespace('team-new')
    await until('the queue', () => metric('queue_depth') === 0)
    assert.equal(iamCredentials.seen.length, 1)
    time.advance(5 * minuteMs)
    await untilRepeated(time, 'the second refusal', () => iamCredentials.seen.length === 2)
    assert.equal(logged.filter((line) => line.startsWith('error')).length, 1, logged.join('\n'))
    assert.match(logged.join('\n'), /^error a refresh failed ClusterPullSecret\/pull google \w+ impersonation /m)
  })

  test('does not exchange before the time of Retry-After', async (t) => {
    const controlled = await startControllerTest(t)
    const { sandbox, start, time, exchanges } = controlled
    sandbox.gcp.parts.sts.faults.inject(throttled(120))
    const { metric, logged, whenFresh } = await start()
    await until('the failure', () => logged.some((line) => line.startsWith('error')))
    sandbox.gcp.parts.sts.faults.clear()
    time.advance(119_000)
    await until('the queue', () => metric('queue_depth') === 0)
    assert.equal(exchanges(), 1)
    time.advance(2_000)
    await whenFresh(2)
    assert.equal(exchanges(), 2)
  })
})
