import assert from 'node:assert/strict'
import { suite, type TestContext, test } from 'node:test'
import { connect } from '../../src/kubernetes/connect.ts'
import { guardWrites, LeaderElection, type Term } from '../../src/server/leader-election.ts'
import { advanceUntil, createVirtualTime, until } from '../controller/virtual-time.ts'
import { fakeContext } from '../support/fake-context.ts'
import { startTestSandbox } from '../support/start-test-sandbox.ts'

const lease = { namespace: 'pullpass-system', name: 'leader' }

async function start(t: TestContext) {
  const time = createVirtualTime()
  const sandbox = await startTestSandbox(t, { now: time.now, namespaces: [lease.namespace] })
  const stored = () => sandbox.cluster.store.read('Lease', lease.namespace, lease.name)
  const holder = () => {
    const spec: unknown = stored()?.['spec']
    return typeof spec === 'object' && spec !== null && 'holderIdentity' in spec ? spec.holderIdentity : undefined
  }
  /** `skewMs`: its wall clock differs so much from that of the others. */
  const startReplica = async (identity: string, { skewMs = 0 } = {}) => {
    const end = new AbortController()
    const logged: string[] = []
    const context = {
      ...fakeContext({ ca: sandbox.authority.ca, environment: sandbox.environment }),
      now: () => new Date(time.now().getTime() + skewMs),
      sleep: time.sleep,
      log: (level: string, sentence: string) => void (level !== 'debug' && logged.push(`${level} ${sentence}`)),
    }
    const cluster = await connect({}, context)
    const election = new LeaderElection({ cluster, lease, identity, elapsedMs: time.elapsedMs }, context)
    const terms: Term[] = []
    const work = async (term: Term) => {
      terms.push(term)
      await new Promise((resolve) => {
        term.signal.addEventListener('abort', resolve, { once: true })
      })
    }
    const ended = election.lead(work, end.signal)
    const stop = async () => {
      end.abort()
      await ended
    }
    t.after(async () => {
      await stop()
      await cluster.close()
    })
    return { election, terms, logged, stop, cluster }
  }
  const advance = async (description: string, condition: () => boolean, stepMs = 500) => {
    const startMs = time.elapsedMs()
    await advanceUntil(time, { stepMs, description }, condition)
    return time.elapsedMs() - startMs
  }
  /** Requests for the Lease fail. */
  const cutOff = (verbs: readonly string[]) =>
    sandbox.cluster.authorization.forbid({ verbs, apiGroups: ['coordination.k8s.io'], resources: ['leases'] })
  return { time, sandbox, stored, holder, startReplica, advance, cutOff }
}

suite('of two replicas', () => {
  test('one leads, whatever their clocks show, and renews its Lease; the other one waits', async (t) => {
    const { startReplica, holder, stored, advance, time } = await start(t)
    const one = await startReplica('one', { skewMs: -3_600_000 })
    await until('a leader', () => one.election.leading)
    const two = await startReplica('two', { skewMs: 3_600_000 })
    assert.deepEqual(stored()?.metadata.labels, { 'app.kubernetes.io/managed-by': 'pullpass' })
    const before = stored()?.metadata.resourceVersion
    const startMs = time.elapsedMs()
    await advance('two minutes', () => time.elapsedMs() - startMs >= 120_000)
    assert.deepEqual([one.election.leading, two.election.leading, holder()], [true, false, 'one'])
    assert.equal(one.terms.length, 1)
    assert.notEqual(stored()?.metadata.resourceVersion, before)
  })

  test('the other one takes over within 20 s after the leader has failed', async (t) => {
    const { startReplica, holder, advance, sandbox } = await start(t)
    // As after a crash: no replica renews it.
    const times = { acquireTime: '2030-01-01T00:00:00.000000Z', renewTime: '2030-01-01T00:00:00.000000Z' }
    const spec = { holderIdentity: 'crashed', leaseDurationSeconds: 15, leaseTransitions: 4, ...times }
    sandbox.cluster.seed({ apiVersion: 'coordination.k8s.io/v1', kind: 'Lease', metadata: lease, spec })
    const two = await startReplica('two')
    const tookMs = await advance('the new leader', () => two.election.leading)
    assert.ok(tookMs >= 15_000 && tookMs <= 20_000, `${tookMs} ms`)
    assert.equal(holder(), 'two')
  })

  test('the other one takes over within two seconds after the leader was stopped', async (t) => {
    const { startReplica, holder, stored, advance } = await start(t)
    const one = await startReplica('one')
    await until('a leader', () => one.election.leading)
    const two = await startReplica('two')
    await until('the standby', () => two.logged.includes('info another replica leads, this one is on standby'))
    await one.stop()
    assert.equal(holder(), '')
    const tookMs = await advance('the new leader', () => two.election.leading)
    assert.ok(tookMs <= 2_000, `${tookMs} ms`)
    assert.deepEqual(stored()?.['spec'] && holder(), 'two')
  })
})

suite('a leader', () => {
  test('that was paused writes nothing before it has renewed its Lease', async (t) => {
    const { startReplica, time, cutOff } = await start(t)
    const one = await startReplica('one')
    await until('a leader', () => one.election.leading)
    const [term] = one.terms
    assert.ok(term)
    const guarded = guardWrites(one.cluster, term.permit)
    const write = async () =>
      await guarded.request({
        method: 'POST',
        path: '/api/v1/namespaces',
        contentType: 'application/json',
        body: JSON.stringify({ metadata: { name: 'written' } }),
      })
    const restore = cutOff(['get', 'patch'])
    time.advance(10_000) // its timers are late as well
    await assert.rejects(write(), { code: 'INTERRUPTED', seen: /pullpass-system\/leader was not renewed for 10 s$/ })
    assert.ok(term.signal.aborted)
    assert.equal((await guarded.request({ method: 'GET', path: '/api/v1/namespaces/written' })).status, 404)
    restore()
  })

  test('does not repeat a write after its term, when the API server is available again', async (t) => {
    const { startReplica, advance, sandbox } = await start(t)
    const one = await startReplica('one')
    await until('a leader', () => one.election.leading)
    const [term] = one.terms
    assert.ok(term)
    const { faults } = sandbox.parts.kubernetes
    faults.inject({ kind: 'response', response: { status: 503, body: 'unavailable' } })
    let outcome: unknown
    guardWrites(one.cluster, term.permit)
      .request({
        method: 'POST',
        path: '/api/v1/namespaces',
        contentType: 'application/json',
        body: JSON.stringify({ metadata: { name: 'written' } }),
      })
      .then(
        ({ status }) => (outcome = status),
        (error: unknown) => (outcome = error),
      )
    await advance('the end of the term', () => term.signal.aborted)
    faults.clear()
    await advance('the end of the write', () => outcome !== undefined)
    assert.match(String(outcome), /INTERRUPTED/)
    assert.equal(sandbox.cluster.store.read('Namespace', '', 'written'), undefined)
  })

  test('whose wall clock alone shows the pause, as after a suspended machine, writes nothing either', async (t) => {
    const { startReplica, time } = await start(t)
    const one = await startReplica('one')
    await until('a leader', () => one.election.leading)
    time.set('2026-11-24T12:00:11Z')
    assert.throws(() => one.terms[0]?.permit(), { code: 'INTERRUPTED' })
  })

  test('is not affected by a clock that is set back', async (t) => {
    const { startReplica, time, advance } = await start(t)
    const one = await startReplica('one')
    await until('a leader', () => one.election.leading)
    time.set('2026-11-24T10:00:00Z')
    one.terms[0]?.permit()
    const startMs = time.elapsedMs()
    await advance('a minute', () => time.elapsedMs() - startMs >= 60_000)
    assert.deepEqual([one.terms.length, one.election.leading], [1, true])
  })

  test('that cannot renew ends its term after ten seconds, reports why, and leads again when it can', async (t) => {
    const { startReplica, cutOff, advance } = await start(t)
    const one = await startReplica('one')
    await until('a leader', () => one.election.leading)
    const restore = cutOff(['get', 'patch'])
    const tookMs = await advance('the end of the term', () => !one.election.leading)
    assert.ok(tookMs >= 10_000 && tookMs <= 12_000, `${tookMs} ms`)
    assert.match(one.election.problem ?? '', /^Lease pullpass-system\/leader: KUBERNETES_FORBIDDEN: /)
    restore()
    await advance('the next term', () => one.terms.length === 2)
    assert.deepEqual([one.election.leading, one.election.problem], [true, undefined])
    assert.deepEqual(
      [...new Set(one.logged)],
      ['info this replica leads', 'error the Lease could not be read or renewed', 'warn this replica no longer leads'],
    )
  })

  test('ends its term when another replica holds the Lease', async (t) => {
    const { startReplica, sandbox, stored, advance } = await start(t)
    const one = await startReplica('one')
    await until('a leader', () => one.election.leading)
    const taken = stored()
    assert.ok(taken)
    sandbox.cluster.store.remove(taken)
    const renewTime = '2026-11-24T12:00:00.000000Z'
    const spec = { holderIdentity: 'two', leaseDurationSeconds: 15, leaseTransitions: 1, renewTime }
    sandbox.cluster.seed({ apiVersion: 'coordination.k8s.io/v1', kind: 'Lease', metadata: lease, spec })
    await advance('the end of the term', () => !one.election.leading)
    assert.throws(() => one.terms[0]?.permit(), { code: 'INTERRUPTED', seen: /has another holder$/ })
  })

  test('goes on when a label of its Lease was changed', async (t) => {
    const { startReplica, sandbox, stored, advance } = await start(t)
    const one = await startReplica('one')
    await until('a leader', () => one.election.leading)
    const { cluster } = one
    await cluster.request({
      method: 'PATCH',
      path: '/apis/coordination.k8s.io/v1/namespaces/pullpass-system/leases/leader',
      contentType: 'application/merge-patch+json',
      body: JSON.stringify({ metadata: { labels: { team: 'a' } } }),
    })
    const changed = stored()?.metadata.resourceVersion
    await advance('a renewal', () => stored()?.metadata.resourceVersion !== changed)
    assert.deepEqual([one.terms.length, one.election.leading], [1, true])
    assert.equal(sandbox.cluster.store.list('Lease', lease.namespace).length, 1)
  })
})
