import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import { generateSigningKey } from '../../../sandbox/kubernetes/tokens/signing-keys.ts'
import type { SandboxRequest } from '../../../sandbox/serve/handler.ts'
import { runPullpass } from '../../support/run-pullpass.ts'
import { startTestSandbox } from '../../support/start-test-sandbox.ts'
import { bucket, kidsOf, lies, publish } from './publish-to-bucket.ts'

/** The n-th upload, counted from 1. */
function upload(wanted: number) {
  let seen = 0
  return { when: ({ path }: Pick<SandboxRequest, 'path'>) => path.startsWith('/upload/') && ++seen === wanted }
}

suite('faults on the way of issuer publish', () => {
  test('the store goes down between the two: keys are there, the discovery document is not ahead of them', async (t) => {
    const sandbox = await startTestSandbox(t, { issuerDocuments: 'absent' })
    let uploads = 0
    const down = { kind: 'response', response: { status: 503, body: 'down' } } as const
    sandbox.parts.storage.faults.inject(down, {
      when: ({ path }) => path.startsWith('/upload/') && ++uploads > 1,
      times: Number.POSITIVE_INFINITY,
    })
    const { exitCode, stderr } = await publish(sandbox)
    assert.equal(exitCode, 1)
    assert.match(stderr, /^PUBLISH_UNAVAILABLE \(publish\): Google answered 503/)
    assert.deepEqual(kidsOf(lies(sandbox, 'openid/v1/jwks')), [sandbox.cluster.keys.current.kid])
    assert.equal(lies(sandbox, '.well-known/openid-configuration'), undefined)
  })

  test('a second writer who is faster keeps his key: both are public afterwards', async (t) => {
    const sandbox = await startTestSandbox(t, { issuerDocuments: 'absent' })
    const { publicKey } = await generateSigningKey()
    const his = { ...publicKey.export({ format: 'jwk' }), kid: 'his', use: 'sig', alg: 'RS256' }
    const ours = { ...sandbox.cluster.keys.current.publicKey.export({ format: 'jwk' }), use: 'sig', alg: 'RS256' }
    const first = upload(1)
    sandbox.parts.storage.faults.inject(
      { kind: 'latency', ms: 0 },
      {
        when(request) {
          if (!first.when(request)) return false
          const keys = [his, { ...ours, kid: sandbox.cluster.keys.current.kid }]
          const object = { contentType: 'application/json', body: JSON.stringify({ keys }) }
          sandbox.google.store.put(bucket, 'openid/v1/jwks', object)
          return true
        },
      },
    )
    const { exitCode, stderr } = await publish(sandbox)
    assert.deepEqual([exitCode, stderr], [0, ''])
    assert.deepEqual(
      kidsOf(lies(sandbox, 'openid/v1/jwks')).toSorted(),
      ['his', sandbox.cluster.keys.current.kid].toSorted(),
    )
  })
})

const wrong = [
  { words: ['--to', 'gs://Not_A_Bucket!'], says: /^USAGE_INVALID \(run\): / },
  { words: ['--to', 'ftp://example.com/x'], says: /^USAGE_INVALID \(run\): / },
  { words: [], says: /^USAGE_INVALID \(run\): --to is missing\n/ },
]
for (const { words, says } of wrong) {
  test(`"${['issuer publish', ...words].join(' ')}" is refused before anything is asked`, async (t) => {
    const sandbox = await startTestSandbox(t)
    const { exitCode, stderr } = await runPullpass(sandbox, ['issuer', 'publish', ...words])
    assert.equal(exitCode, 2)
    assert.match(stderr, says)
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
