import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import { answerHealth, type Readiness } from '../../../src/publish/watch/health.ts'
import type { WatchStatus } from '../../../src/publish/watch/state.ts'

const startedAt = new Date('2026-11-24T12:00:00Z')
const status: WatchStatus = {
  issuer: 'https://oidc.example.com/cluster-1',
  lookedAt: new Date('2026-11-24T12:10:00Z'),
  rounds: 40,
  replicas: { asked: 3, read: 2 },
  keys: { published: 2, remembered: 3, revoked: 1 },
  publishedAt: new Date('2026-11-24T12:09:00Z'),
  unstoredRounds: 0,
  safeToSign: [
    { keyId: 'key-1', at: new Date('2026-11-24T11:00:00Z'), signs: true },
    { keyId: 'key-2', at: new Date('2026-11-24T12:13:20.1Z'), signs: false },
  ],
  alarms: [{ reason: 'ReplicaUnread', subject: 'https://10.0.0.3:6443', says: 'it gave no answer' }],
}
const ask = (path: string, now: string, given: WatchStatus | undefined = status, readiness: Readiness = 'state') =>
  answerHealth(path, given, { now: new Date(`2026-11-24T${now}Z`), startedAt, readiness })

suite('the health of a watch', () => {
  test('is alive while rounds go on, and neither alive nor ready after five minutes without one', () => {
    assert.deepEqual([ask('/healthz', '12:14:00')?.status, ask('/healthz', '12:15:00')?.status], [200, 503])
    assert.deepEqual([ask('/readyz', '12:14:00')?.status, ask('/readyz', '12:15:00')?.status], [200, 503])
    assert.match(ask('/readyz', '12:15:00')?.text ?? '', /^no round ended since 2026-11-24T12:10:00\.000Z\n/)
    const early = (now: string) =>
      answerHealth('/healthz', undefined, { now: new Date(`2026-11-24T${now}Z`), startedAt, readiness: 'state' })
    assert.deepEqual([early('12:04:59')?.status, early('12:05:00')?.status], [200, 503])
  })

  test('is ready once something was published, and says what needs somebody', () => {
    assert.deepEqual(ask('/readyz', '12:10:01'), {
      status: 200,
      contentType: 'text/plain; charset=utf-8',
      text: 'ok\nsafe to sign with key-2 from 2026-11-24T12:13:21Z\nReplicaUnread: it gave no answer\n',
    })
    assert.equal(ask('/readyz', '12:10:01', { ...status, publishedAt: undefined })?.status, 503)
  })

  test('a watch whose state was not stored in two rounds in a row is not ready; issuer serve goes on serving', () => {
    const unstored = (unstoredRounds: number, readiness: Readiness) => {
      const { status: answered, text } =
        ask('/readyz', '12:10:01', { ...status, unstoredRounds, safeToSign: [], alarms: [] }, readiness) ?? {}
      return [answered, text]
    }
    assert.deepEqual(unstored(1, 'state'), [200, 'ok\n'])
    assert.deepEqual(unstored(2, 'state'), [503, 'the state was not stored for 2 rounds\n'])
    assert.deepEqual(unstored(2, 'documents'), [200, 'ok\n'])
  })

  test('says until when tokens of a key can be refused that signs too early', () => {
    const safeToSign = [{ keyId: 'key-2', at: new Date('2026-11-24T12:13:20Z'), signs: true }]
    assert.equal(
      ask('/readyz', '12:10:01', { ...status, safeToSign, alarms: [] })?.text,
      'ok\nkey-2 signs already: verifiers that cache refuse its tokens until 2026-11-24T12:13:20Z\n',
    )
    assert.equal(ask('/readyz', '12:13:20', { ...status, safeToSign, alarms: [] })?.text, 'ok\n')
  })

  test('says few of many alarms, each on one plain line, whatever a kid holds', () => {
    const alarms = Array.from({ length: 300 }, (_, at) => ({
      reason: 'KeyUnvouched' as const,
      subject: `${at}`,
      says: `key "${at}\n\u001b[2J\u202e${'k'.repeat(5_000)}" is remembered`,
    }))
    const { text = '' } = ask('/readyz', '12:10:01', { ...status, alarms }) ?? {}
    const lines = text.trimEnd().split('\n')
    assert.equal(lines.length, 1 + 1 + 20 + 1)
    assert.equal(lines.at(-1), 'and 280 more, which the log tells')
    for (const line of lines) assert.match(line, /^[^\p{Cc}\p{Cf}]{2,1000}$/u)
  })

  test('is told in numbers, in the form of Prometheus', () => {
    const { text = '', contentType } = ask('/metrics', '12:10:01') ?? {}
    assert.equal(contentType, 'text/plain; version=0.0.4; charset=utf-8')
    const samples = text.split('\n').filter((line) => line !== '' && !line.startsWith('#'))
    for (const sample of samples) assert.match(sample, /^pullpass_issuer_[a-z_]+(\{[a-z]+="[\w-]+"\})? \d+(\.\d+)?$/)
    for (const wanted of [
      'pullpass_issuer_rounds_total 40',
      'pullpass_issuer_last_publication_timestamp_seconds 1795522140',
      'pullpass_issuer_replicas{state="read"} 2',
      'pullpass_issuer_keys{state="published"} 2',
      'pullpass_issuer_safe_to_sign_timestamp_seconds{kid="key-2"} 1795522400.1',
      'pullpass_issuer_alarms{reason="ReplicaUnread"} 1',
      'pullpass_issuer_alarms{reason="KeyUnpublished"} 0',
    ]) {
      assert.ok(samples.includes(wanted), wanted)
    }
  })

  test('and nothing else', () => assert.equal(ask('/', '12:10:01'), undefined))
})
