import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import { createWatchHealth, type Readiness } from '../../../src/publish/watch/health.ts'
import type { WatchStatus } from '../../../src/publish/watch/watch-config.ts'
import { respondHealth } from '../../../src/server/health.ts'

const status: WatchStatus = {
  issuer: 'https://oidc.example.com/cluster-1',
  finishedAt: new Date('2026-11-24T12:10:00Z'),
  rounds: 40,
  replicas: { queried: 3, read: 2 },
  keys: { published: 2, recorded: 3, revoked: 1 },
  publishedAt: new Date('2026-11-24T12:09:00Z'),
  unstoredRounds: 0,
  safeToSign: [
    { keyId: 'key-1', at: new Date('2026-11-24T11:00:00Z'), signs: true },
    { keyId: 'key-2', at: new Date('2026-11-24T12:13:20.1Z'), signs: false },
  ],
  alarms: [
    { code: 'API_SERVER_UNREADABLE', subject: 'https://10.0.0.3:6443', hop: 'kubernetes', seen: 'it did not respond' },
  ],
}

interface Probe {
  readonly status?: WatchStatus | undefined
  readonly readiness?: Readiness
  /** When the request comes; the last round ended at 12:10. */
  readonly at?: string
}

/** The response of an endpoint after a round with this status. */
async function probe(path: string, { readiness = 'state', at = '12:10:01', ...given }: Probe = {}) {
  let now = new Date('2026-11-24T12:10:00Z')
  const { endpoints, watchdog, update } = createWatchHealth(readiness, { now: () => now })
  const latest = 'status' in given ? given.status : status
  if (latest !== undefined) await watchdog.run(async () => update(latest))
  now = new Date(`2026-11-24T${at}Z`)
  return respondHealth(path, endpoints)
}

const statusOf = async (...request: Parameters<typeof probe>) => (await probe(...request))?.status
const textOf = async (...request: Parameters<typeof probe>) => (await probe(...request))?.text ?? ''

suite('the health of a watch', () => {
  test('is live while rounds go on, and neither live nor ready after five minutes without one', async () => {
    for (const path of ['/livez', '/readyz']) {
      assert.deepEqual([await statusOf(path, { at: '12:14:59' }), await statusOf(path, { at: '12:15:00' })], [200, 503])
    }
    assert.match(
      await textOf('/readyz', { at: '12:15:00' }),
      /^\[-\]rounds failed: no round ended since 2026-11-24T12:10:00Z\n\[\+\]publication ok\n/,
    )
    const first = { status: undefined } // the first round has not ended
    const [early, late] = [await statusOf('/livez', first), await statusOf('/livez', { ...first, at: '12:15:00' })]
    assert.deepEqual([early, late], [200, 503])
  })

  test('is ready once something was published, and lists what needs attention', async () => {
    assert.equal(
      await textOf('/readyz'),
      [
        '[+]rounds ok',
        '[+]publication ok',
        '[+]key-state ok',
        'readyz check passed',
        'API_SERVER_UNREADABLE: it did not respond',
        'safe to sign with key-2 from 2026-11-24T12:13:21Z\n',
      ].join('\n'),
    )
    assert.match(
      await textOf('/readyz', { status: undefined }),
      /^\[-\]publication failed: nothing was published yet$/m,
    )
    assert.equal(await statusOf('/readyz', { status: { ...status, publishedAt: undefined } }), 503)
  })

  test('a watch whose state was not stored in two rounds in a row is not ready; issuer serve goes on serving', async () => {
    const unstored = (unstoredRounds: number, readiness: Readiness) => ({
      readiness,
      status: { ...status, unstoredRounds },
    })
    assert.equal(await statusOf('/readyz', unstored(1, 'state')), 200)
    assert.match(
      await textOf('/readyz', unstored(2, 'state')),
      /^\[-\]key-state failed: the key state was not stored for 2 rounds$/m,
    )
    assert.equal(await statusOf('/readyz/key-state', unstored(2, 'state')), 503)
    assert.equal(await statusOf('/readyz', unstored(2, 'documents')), 200)
    assert.equal(await statusOf('/readyz', { readiness: 'documents', at: '12:15:00' }), 200)
  })

  test('reports until when tokens of a key that signs too early can be refused', async () => {
    const safeToSign = [{ keyId: 'key-2', at: new Date('2026-11-24T12:13:20Z'), signs: true }]
    const notes = async (at: string) => {
      const text = await textOf('/readyz', { at, status: { ...status, safeToSign, alarms: [] } })
      return text.split('\n').slice(4, -1)
    }
    assert.deepEqual(await notes('12:10:01'), [
      'key-2 already signs tokens: verifiers with a cached JWKS reject them until 2026-11-24T12:13:20Z',
    ])
    assert.deepEqual(await notes('12:13:20'), [])
  })

  test('is shown in numbers', async () => {
    const samples = (await textOf('/metrics')).split('\n')
    for (const expected of [
      'pullpass_issuer_rounds_total 40',
      'pullpass_issuer_round_duration_seconds_bucket{le="0.1"} 1',
      'pullpass_issuer_round_duration_seconds_count 1',
      'pullpass_issuer_last_publication_timestamp_seconds 1795522140',
      'pullpass_issuer_replicas{state="read"} 2',
      'pullpass_issuer_keys{state="published"} 2',
      'pullpass_issuer_safe_to_sign_timestamp_seconds{kid="key-2"} 1795522400.1',
      'pullpass_issuer_alarms{reason="ApiServerUnreadable"} 1',
      'pullpass_issuer_alarms{reason="KeyUnpublished"} 0',
    ]) {
      assert.ok(samples.includes(expected), expected)
    }
  })
})
