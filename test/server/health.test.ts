import assert from 'node:assert/strict'
import { suite, type TestContext, test } from 'node:test'
import { type HealthEndpoints, respondHealth, serveHealth } from '../../src/server/health.ts'
import { Redacted } from '../../src/text/redacted.ts'
import { SecretRegister } from '../../src/text/secret-register.ts'

const passing = { name: 'queue', failure: () => undefined }
const failing = { name: 'lease', failure: () => 'another replica holds it' }
const endpoints = (changes: Partial<HealthEndpoints> = {}): HealthEndpoints => ({
  live: [passing],
  ready: [passing, failing],
  metrics: () => [],
  ...changes,
})

const respond = (path: string, changes?: Partial<HealthEndpoints>) => {
  const { status, text } = respondHealth(path, endpoints(changes)) ?? {}
  return [status, text]
}

suite('health endpoints', () => {
  test('/livez and /readyz list their checks, and fail where one does', () => {
    assert.deepEqual(respond('/livez'), [200, '[+]queue ok\nlivez check passed\n'])
    assert.deepEqual(respond('/readyz'), [
      503,
      '[+]queue ok\n[-]lease failed: another replica holds it\nreadyz check failed\n',
    ])
  })

  test('a check can be requested by its name', () => {
    assert.deepEqual(respond('/readyz/queue'), [200, '[+]queue ok\nreadyz/queue check passed\n'])
    assert.equal(respond('/readyz/lease')[0], 503)
    assert.equal(respond('/livez/lease')[0], undefined)
  })

  test('there is no other path', () => {
    for (const path of ['/', '/healthz', '/readyz/', '/readyz/queue/x', '/metrics/']) {
      assert.equal(respondHealth(path, endpoints()), undefined, path)
    }
  })

  test('/readyz shows at most 20 notes, each on one line of at most 1,000 characters, whatever they quote', () => {
    const notes = () =>
      Array.from({ length: 300 }, (_, at) => `key "${at}\n\u001b[2J\u202e${'k'.repeat(5_000)}" is unknown`)
    const [status, text = ''] = respond('/readyz', { ready: [passing], notes })
    const lines = String(text).trimEnd().split('\n')
    assert.deepEqual([status, lines.length, lines.at(-1)], [200, 2 + 20 + 1, 'and 280 more, see the log'])
    for (const line of lines) assert.match(line, /^[^\p{Cc}\p{Cf}]{2,1000}$/u)
  })

  test('/metrics are in the format that the client accepts', () => {
    const typeFor = (accept?: string) => respondHealth('/metrics', endpoints(), accept)?.headers['content-type']
    assert.equal(typeFor(), 'text/plain; version=0.0.4; charset=utf-8')
    assert.equal(
      typeFor('application/openmetrics-text;version=1.0.0'),
      'application/openmetrics-text; version=1.0.0; charset=utf-8',
    )
  })

  test('repeat no secret of the run', async (t: TestContext) => {
    const secrets = new SecretRegister()
    secrets.add(new Redacted('hunter2-hunter2-hunter2'))
    const server = await serveHealth(
      { host: '127.0.0.1', port: 0 },
      endpoints({ notes: () => ['the server returned hunter2-hunter2-hunter2'] }),
      { log: () => undefined, secrets },
    )
    t.after(() => server.close(0))
    const response = await fetch(`http://127.0.0.1:${server.port}/readyz`)
    assert.equal(response.status, 503)
    assert.equal(response.headers.get('cache-control'), 'no-store')
    assert.doesNotMatch(await response.text(), /hunter2/)
  })
})
