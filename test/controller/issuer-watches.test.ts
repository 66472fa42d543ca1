import assert from 'node:assert/strict'
import { suite, type TestContext, test } from 'node:test'
import { documentText } from '../support/document-text.ts'
import type { TestSandbox } from '../support/start-test-sandbox.ts'
import { readResource, writeResource } from './custom-resource.ts'
import { type ControllerTestOptions, startControllerTest } from './start-test-controller.ts'
import { advanceUntil, until } from './virtual-time.ts'

const hourMs = 3_600_000
const publishing = [
  '  serviceAccountRef: {namespace: image-system, name: pullpass}',
  '  issuer: {publishTo: gs://example-cluster}',
].join('\n')
const namespaces = ['default', 'team-a', 'team-b', 'pullpass-system']

const isHealthy = (text: string) => /check passed$/m.test(text)

async function prepare(t: TestContext, options: Partial<ControllerTestOptions> = {}) {
  const document = (sandbox: TestSandbox) => documentText(sandbox, { include: ['team-*'], more: publishing })
  const controlled = await startControllerTest(t, { namespaces, document, ...options })
  const { sandbox, time } = controlled
  const published = (): readonly string[] => {
    const stored = sandbox.gcp.store.find('example-cluster', 'openid/v1/jwks')?.bytes.toString() ?? '{"keys":[]}'
    const jwks: { keys: { kid: string }[] } = JSON.parse(stored)
    return jwks.keys.map(({ kid }) => kid)
  }
  const passes = async (ms: number) => {
    const endMs = time.elapsedMs() + ms
    await advanceUntil(
      time,
      { stepMs: Math.max(5_000, ms / 15), description: `${ms} ms` },
      () => time.elapsedMs() >= endMs,
    )
  }
  return { ...controlled, published, passes }
}

const metricOf = (text: string, sample: string): number | undefined => {
  const line = text.split('\n').find((one) => one.startsWith(`${sample} `))
  return line === undefined ? undefined : Number(line.split(' ').at(-1))
}
const roundsTotal = 'pullpass_issuer_rounds_total{target="gs://example-cluster"}'

suite('a controller with a document that names its publication', () => {
  test('publishes a new key before a token is signed with it, and withdraws the old one later; no exchange fails', async (t) => {
    const { sandbox, start, time, published, passes } = await prepare(t)
    const { keys } = sandbox.cluster
    const old = keys.current
    const { whenFresh, health, logged, metric } = await start()
    await advanceUntil(
      time,
      { stepMs: 1_000, description: 'the first round' },
      () => metricOf(health('/metrics'), roundsTotal) === 1,
    )
    await whenFresh(2)
    assert.match(
      health('/readyz'),
      /^\[\+\]watches ok\n\[\+\]lease ok\n\[\+\]issuer-rounds ok\n\[\+\]issuer-publication ok\n\[\+\]issuer-key-state ok\nreadyz check passed\n/,
    )
    assert.match(health('/livez'), /^\[\+\]queue ok\n\[\+\]issuer-rounds ok\n/)
    const next = await keys.add()
    await advanceUntil(time, { stepMs: 5_000, description: 'the new key' }, () => published().includes(next.kid))
    assert.equal(metric('exchanges_total'), 1)
    assert.deepEqual(published().toSorted(), [old.kid, next.kid].toSorted())
    keys.signWith(next)
    keys.drop(old.kid)
    await advanceUntil(time, { stepMs: 60_000, description: 'a refresh' }, () => metric('exchanges_total') === 2)
    await until('both Secrets', () => metric('writes_total{result="updated"}') === 2)
    assert.ok(published().includes(old.kid))
    assert.deepEqual(
      logged.filter((line) => line.startsWith('error')),
      [],
    )
    await passes(49 * hourMs) // of its last token, and the cache of verifiers
    await advanceUntil(time, { stepMs: 15_000, description: 'the withdrawal' }, () => !published().includes(old.kid))
    assert.deepEqual(published(), [next.kid])
  })

  test('refreshes while nothing can be written to the target, which is reported', async (t) => {
    const { sandbox, start, time, passes, published } = await prepare(t)
    const { whenFresh, health, logged, metric } = await start()
    await whenFresh(2)
    await until('a round', () => (metricOf(health('/metrics'), roundsTotal) ?? 0) > 0)
    const refused = { kind: 'response', response: { status: 403, body: '{}' } } as const
    sandbox.gcp.parts.storage.faults.inject(refused, { when: ({ method }) => method !== 'GET' })
    const next = await sandbox.cluster.keys.add()
    await passes(42 * 60_000)
    await until('both Secrets', () => metric('writes_total{result="updated"}') === 2)
    assert.equal(metric('exchanges_total'), 2)
    assert.ok(!published().includes(next.kid))
    assert.match(
      logged.join('\n'),
      /^warn the publication of the issuer needs attention gs:\/\/example-cluster PUBLISH_FAILED PUBLISH_DENIED: /m,
    )
    const alarms = metricOf(
      health('/metrics'),
      'pullpass_issuer_alarms{target="gs://example-cluster",reason="PublishFailed"}',
    )
    assert.ok((alarms ?? 0) > 0, health('/metrics'))
    sandbox.gcp.parts.storage.faults.clear()
    await advanceUntil(time, { stepMs: 5_000, description: 'the new key' }, () => published().includes(next.kid))
  })

  test('starts the loop again after a failure that ended it', async (t) => {
    const { sandbox, start, time, published } = await prepare(t)
    sandbox.gcp.parts.storage.faults.inject({ kind: 'response', response: { status: 403, body: '{}' } })
    const { health, logged } = await start()
    const failed = /\[-\]issuer-publication failed: gs:\/\/example-cluster: PUBLISH_DENIED/
    await advanceUntil(time, { stepMs: 1_000, description: 'the failure' }, () => failed.test(health('/readyz')))
    assert.ok(isHealthy(health('/livez')))
    sandbox.gcp.parts.storage.faults.clear()
    await advanceUntil(
      time,
      { stepMs: 5_000, description: 'the publication' },
      () => published().length === 1 && isHealthy(health('/readyz')),
    )
    const ends = logged.filter((line) => line.startsWith('error the watch of the issuer ended'))
    assert.equal(ends.length, 1)
    assert.match(
      ends[0] ?? '',
      / gs:\/\/example-cluster PUBLISH_DENIED publish Google responded with 403 on .* read and write permission for the operator allow /,
    )
  })

  test('ends the loop with the document, and runs it only while it leads', async (t) => {
    const { sandbox, start, time } = await prepare(t)
    const one = await start('one')
    await advanceUntil(
      time,
      { stepMs: 500, description: 'the first round' },
      () => metricOf(one.health('/metrics'), roundsTotal) === 1,
    )
    const two = await start('two')
    await until('the standby', () => two.metric('leader') === 0)
    assert.doesNotMatch(two.health('/metrics'), /pullpass_issuer_/)
    await sandbox.write('pull.yaml', documentText(sandbox, { include: ['team-*'] }))
    await advanceUntil(
      time,
      { stepMs: 1_000, description: 'the end' },
      () => !one.health('/metrics').includes('pullpass_issuer_'),
    )
    assert.doesNotMatch(one.health('/readyz'), /issuer/)
  })

  test('leaves it to another process where it has no credentials for the target', async (t) => {
    const environment = { GOOGLE_APPLICATION_CREDENTIALS: '', HOME: '/nonexistent', METADATA_SERVER_DETECTION: 'none' }
    const { start, time, passes } = await prepare(t, { environment })
    const { health, logged } = await start()
    const isReported = () =>
      logged.some((line) => line.startsWith('info the keys of the cluster are not published here'))
    await advanceUntil(time, { stepMs: 1_000, description: 'the report' }, isReported)
    await passes(30 * 60_000)
    assert.doesNotMatch(health('/readyz'), /issuer/)
    assert.equal(logged.filter((line) => line.includes('not published here')).length, 1)
    assert.deepEqual(
      logged.filter((line) => line.includes('the watch of the issuer ended')),
      [],
    )
  })

  test('does not run it for a custom resource, whose status states that', async (t) => {
    const { sandbox, start, time, passes, hasSecret } = await prepare(t, { document: 'none' })
    sandbox.cluster.installDefinitions()
    writeResource(sandbox, { spec: { issuer: { publishTo: 'gs://example-cluster' } } })
    const { health } = await start()
    await advanceUntil(
      time,
      { stepMs: 500, description: 'the Secrets' },
      () => hasSecret('team-a') && hasSecret('team-b'),
    )
    await passes(60_000)
    assert.doesNotMatch(health('/metrics'), /pullpass_issuer_/)
    assert.match(
      JSON.stringify(readResource(sandbox)?.['status']),
      /2 of 2 namespaces are fresh; the keys of spec\.issuer are not watched here/,
    )
  })
})
