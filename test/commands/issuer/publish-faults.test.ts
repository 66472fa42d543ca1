import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import { sharedSigningKey } from '../../../sandbox/kubernetes/tokens/signing-keys.ts'
import type { SandboxRequest } from '../../../sandbox/serve/handler.ts'
import { runPullpass } from '../../support/run-pullpass.ts'
import { startTestSandbox } from '../../support/start-test-sandbox.ts'
import { bucket, kidsOf, objectText, publish } from './publish-to-bucket.ts'

/** The n-th upload, counted from 1. */
function upload(nth: number) {
  let seen = 0
  return { when: ({ path }: Pick<SandboxRequest, 'path'>) => path.startsWith('/upload/') && ++seen === nth }
}

suite('faults during issuer publish', () => {
  test('the store fails between the two documents: the keys are published, and the discovery document is not', async (t) => {
    const sandbox = await startTestSandbox(t, { issuerDocuments: 'absent' })
    let uploads = 0
    const down = { kind: 'response', response: { status: 503, body: 'down' } } as const
    sandbox.gcp.parts.storage.faults.inject(down, {
      when: ({ path }) => path.startsWith('/upload/') && ++uploads > 1,
      times: Number.POSITIVE_INFINITY,
    })
    const { exitCode, stderr } = await publish(sandbox)
    assert.equal(exitCode, 1)
    assert.match(stderr, /^PUBLISH_UNAVAILABLE \(publish\): Google responded with 503/)
    assert.deepEqual(kidsOf(objectText(sandbox, 'openid/v1/jwks')), [sandbox.cluster.keys.current.kid])
    assert.equal(objectText(sandbox, '.well-known/openid-configuration'), undefined)
  })

  test('a faster concurrent writer keeps its key: both keys are public afterwards', async (t) => {
    const sandbox = await startTestSandbox(t, { issuerDocuments: 'absent' })
    const { publicKey } = await sharedSigningKey('another')
    const concurrent = { ...publicKey.export({ format: 'jwk' }), kid: 'concurrent', use: 'sig', alg: 'RS256' }
    const ours = { ...sandbox.cluster.keys.current.publicKey.export({ format: 'jwk' }), use: 'sig', alg: 'RS256' }
    const first = upload(1)
    sandbox.gcp.parts.storage.faults.inject(
      { kind: 'latency', ms: 0 },
      {
        when(request) {
          if (!first.when(request)) return false
          const keys = [concurrent, { ...ours, kid: sandbox.cluster.keys.current.kid }]
          const object = { contentType: 'application/json', body: JSON.stringify({ keys }) }
          sandbox.gcp.store.put(bucket, 'openid/v1/jwks', object)
          return true
        },
      },
    )
    const { exitCode, stderr } = await publish(sandbox)
    assert.deepEqual([exitCode, stderr], [0, ''])
    assert.deepEqual(
      kidsOf(objectText(sandbox, 'openid/v1/jwks')).toSorted(),
      ['concurrent', sandbox.cluster.keys.current.kid].toSorted(),
    )
  })
})

const invalid = [
  { words: ['--to', 'gs://Not_A_Bucket!'], message: /^USAGE_INVALID \(run\): / },
  { words: ['--to', 'ftp://example.com/x'], message: /^USAGE_INVALID \(run\): / },
  { words: [], message: /^USAGE_INVALID \(run\): --to is missing\n/ },
]
for (const { words, message } of invalid) {
  test(`"${['issuer publish', ...words].join(' ')}" is refused before any request`, async (t) => {
    const sandbox = await startTestSandbox(t)
    const { exitCode, stderr } = await runPullpass(sandbox, ['issuer', 'publish', ...words])
    assert.equal(exitCode, 2)
    assert.match(stderr, message)
    assert.equal(sandbox.parts.kubernetes.seen.length, 0)
  })
}

for (const [issuer, code, exitCode] of [
  ['http://oidc.example.com', 'USAGE_INVALID (run)', 2],
  ['https://oidc.example.com/?a', 'USAGE_INVALID (run)', 2],
  ['https://kubernetes.default.svc.cluster.local', 'ISSUER_UNUSABLE (discovery)', 1],
] as const) {
  test(`--issuer-url ${issuer}, which no cloud can read, is refused`, async (t) => {
    const sandbox = await startTestSandbox(t)
    const run = await publish(sandbox, '--issuer-url', issuer)
    assert.equal(run.exitCode, exitCode)
    assert.ok(run.stderr.startsWith(`${code}: --issuer-url is "${issuer}"`), run.stderr)
  })
}
