import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import { sharedSigningKey } from '../../../sandbox/kubernetes/tokens/signing-keys.ts'
import type { SandboxResponse } from '../../../sandbox/serve/handler.ts'
import { runPullpass } from '../../support/run-pullpass.ts'
import { startTestSandbox, type TestSandbox } from '../../support/start-test-sandbox.ts'

const discoveryPath = '/example-cluster/.well-known/openid-configuration'
const jwksPath = '/example-cluster/openid/v1/jwks'

const check = (sandbox: TestSandbox, ...words: string[]) =>
  runPullpass(sandbox, ['issuer', 'check', sandbox.cluster.issuer, ...words])

/** The findings for a generic OIDC verifier, which can run on this machine, and the exit code. */
async function found(sandbox: TestSandbox, ...words: string[]) {
  const { exitCode, stdout } = await check(sandbox, '--for', 'oidc', '-o', 'json', ...words)
  const { findings }: { findings: { result: string; code: string; seen: string }[] } = JSON.parse(stdout)
  const always = ['ISSUER_ADDRESS_PRIVATE', 'CERTIFICATE_UNTRUSTED'] // a sandbox runs on this machine, with its own certificate authority
  return { exitCode, findings: findings.filter(({ code }) => !always.includes(code)) }
}

const respond = (sandbox: TestSandbox, path: string, response: SandboxResponse) =>
  sandbox.gcp.parts.storage.faults.inject({ kind: 'response', response }, { when: (request) => request.path === path })

const json = { 'content-type': 'application/json', 'cache-control': 'max-age=300' }

suite('pullpass issuer check', () => {
  test('shows the issuer, the clouds that can use it, and the fix of each problem', async (t) => {
    const sandbox = await startTestSandbox(t)
    const { exitCode, stdout, stderr } = await check(sandbox)
    const { host } = new URL(sandbox.cluster.issuer)
    assert.deepEqual([exitCode, stderr], [1, ''])
    assert.match(stdout, /^issuer {3}https:\/\/127\.0\.0\.1:\d+\/example-cluster$/m)
    assert.match(stdout, /^[\w-]{43} {2}RSA 2048 {2}RS256$/m)
    assert.match(stdout, /^Google +failed +2 failed, 1 warning$/m)
    assert.match(stdout, /^OIDC +warning +2 warnings$/m)
    assert.ok(
      stdout.includes(
        `failed: ISSUER_ADDRESS_PRIVATE (Google, AWS, Azure, Alibaba Cloud, Yandex Cloud): ${host} resolves to 127.0.0.1 on this machine, which is not reachable from the internet\n  fix: serve the documents at a public address;`,
      ),
    )
    assert.match(stdout, /^failed: CERTIFICATE_UNTRUSTED \(Azure\): .*\(UNABLE_TO_VERIFY_LEAF_SIGNATURE\)/m)
    assert.ok(
      stdout.includes(
        `${host} is not issued by a public authority (UNABLE_TO_VERIFY_LEAF_SIGNATURE): this machine may trust it, a cloud does not\n  fix: use a certificate of a public authority\n`,
      ),
    )
  })

  test('with --for, only problems of these clouds determine the exit code', async (t) => {
    const sandbox = await startTestSandbox(t)
    const { exitCode, stdout } = await check(sandbox, '--for', 'oidc')
    assert.equal(exitCode, 0)
    assert.doesNotMatch(stdout, /AWS|Azure|Google/)
    assert.equal((await check(sandbox, '--for', 'oidc', '--for', 'gcp')).exitCode, 1)
  })

  test('-o json contains the keys, a result for each cloud, and findings with their codes', async (t) => {
    const sandbox = await startTestSandbox(t)
    const report = JSON.parse((await check(sandbox, '-o', 'json')).stdout)
    assert.equal(report.jwksUri, `${sandbox.cluster.issuer}/openid/v1/jwks`)
    assert.deepEqual(report.keys, [
      { kid: sandbox.cluster.keys.current.kid, type: 'RSA', bits: 2048, algorithm: 'RS256' },
    ])
    assert.deepEqual(report.vendors, [
      { vendor: 'gcp', result: 'failed' },
      { vendor: 'aws', result: 'failed' },
      { vendor: 'azure', result: 'failed' },
      { vendor: 'oidc', result: 'warning' },
      { vendor: 'alibaba', result: 'failed' },
      { vendor: 'quay', result: 'warning' },
      { vendor: 'yandex', result: 'failed' },
    ])
    assert.deepEqual(Object.keys(report.findings[0]), ['vendor', 'result', 'code', 'seen', 'fix'])
  })

  test('a healthy issuer has no findings except for its address', async (t) => {
    assert.deepEqual(await found(await startTestSandbox(t)), { exitCode: 0, findings: [] })
  })

  test('no redirect is followed', async (t) => {
    const sandbox = await startTestSandbox(t)
    respond(sandbox, discoveryPath, {
      status: 302,
      headers: { location: `${sandbox.gcp.parts.storage.url}/elsewhere` },
    })
    const { exitCode, findings } = await found(sandbox)
    assert.deepEqual([exitCode, findings.map(({ code }) => code)], [1, ['DISCOVERY_REDIRECTED']])
    assert.ok(!sandbox.gcp.parts.storage.seen.some(({ path }) => path === '/elsewhere'))
  })

  const faulty: Record<string, [path: string, response: SandboxResponse, codes: string[]]> = {
    'a sign-in page': [
      discoveryPath,
      { status: 200, headers: { 'content-type': 'text/html' }, body: '<!DOCTYPE html>' },
      ['CONTENT_TYPE_INVALID', 'CACHE_LIFETIME_MISSING', 'DISCOVERY_MALFORMED'],
    ],
    'a document of more than 1 MiB': [
      discoveryPath,
      { status: 200, headers: json, body: ' '.repeat(1024 * 1024 + 1) },
      ['DISCOVERY_UNAVAILABLE'],
    ],
    'a bucket that is not public': [jwksPath, { status: 403, body: 'AccessDenied' }, ['DISCOVERY_FORBIDDEN']],
    'keys that are missing': [jwksPath, { status: 404, body: 'NoSuchKey' }, ['DISCOVERY_NOT_FOUND']],
    'an empty set of keys': [jwksPath, { status: 200, headers: json, body: '{"keys": []}' }, ['KEYS_MISSING']],
    "the API server's own document": [
      discoveryPath,
      {
        status: 200,
        headers: json,
        body: { issuer: 'https://kubernetes.default.svc', jwks_uri: 'https://127.0.0.1:9/openid/v1/jwks' },
      },
      ['DISCOVERY_UNAVAILABLE', 'DISCOVERY_ISSUER_MISMATCH', 'DISCOVERY_FIELD_MISSING'],
    ],
  }
  for (const [name, [path, response, codes]] of Object.entries(faulty)) {
    test(`${name} is reported`, async (t) => {
      const sandbox = await startTestSandbox(t)
      respond(sandbox, path, response)
      const { exitCode, findings } = await found(sandbox)
      assert.deepEqual([exitCode, findings.map(({ code }) => code)], [1, codes])
    })
  }

  test('a connection that is reset is reported', async (t) => {
    const sandbox = await startTestSandbox(t)
    sandbox.gcp.parts.storage.faults.inject({ kind: 'reset', at: 'request' })
    const { findings } = await found(sandbox)
    assert.equal(findings[0]?.code, 'DISCOVERY_UNAVAILABLE')
    assert.match(findings[0]?.seen ?? '', /did not respond \(ECONNRESET\)/)
  })

  test('a certificate that this machine does not trust either is reported, with the fix', async (t) => {
    const sandbox = await startTestSandbox(t)
    const argv = ['issuer', 'check', sandbox.cluster.issuer, '--for', 'oidc']
    const { exitCode, stdout } = await runPullpass(sandbox, argv, { environment: { PULLPASS_CA_FILE: undefined } })
    assert.equal(exitCode, 1)
    assert.match(stdout, /^warning: CERTIFICATE_UNTRUSTED \(OIDC\)/m)
    assert.match(stdout, /^failed: DISCOVERY_UNAVAILABLE .*\n {2}fix: .*--ca-file FILE$/m)
  })

  test('an issuer that no cloud can read is not requested', async (t) => {
    const sandbox = await startTestSandbox(t)
    const url = sandbox.cluster.issuer.replace('https:', 'http:')
    const { exitCode, stdout } = await runPullpass(sandbox, ['issuer', 'check', url])
    assert.equal(exitCode, 1)
    assert.match(
      stdout,
      /^failed: ISSUER_UNUSABLE \(all\): the issuer is "http:.*": clouds read issuer metadata only over https$/m,
    )
    assert.deepEqual(sandbox.gcp.parts.storage.seen, [])
  })

  test('a published private key is an alarm, and no part of it is shown', async (t) => {
    const sandbox = await startTestSandbox(t)
    const { privateKey } = await sharedSigningKey('another')
    const jwk = { ...privateKey.export({ format: 'jwk' }), kid: 'key-1', use: 'sig', alg: 'RS256' }
    respond(sandbox, jwksPath, { status: 200, headers: json, body: { keys: [jwk] } })
    for (const output of [[], ['-o', 'json'], ['-o', 'yaml']]) {
      const { exitCode, stdout, stderr } = await check(sandbox, ...output)
      assert.equal(exitCode, 1)
      assert.match(
        stdout,
        /ALARM: key .{1,2}key-1.{1,2} is published with its private key \(d, p, q, dp, dq, qi, not shown\)/,
      )
      for (const half of [jwk.d, jwk.p, jwk.q, jwk.dp]) assert.ok(half && !`${stdout}${stderr}`.includes(half))
    }
  })
})

suite('pullpass issuer check, with a token', () => {
  test('a fresh token is verified, and is not shown', async (t) => {
    const sandbox = await startTestSandbox(t)
    const file = sandbox.folder.tokenFile
    assert.deepEqual(await found(sandbox, '--token-file', file), { exitCode: 0, findings: [] })
    const { stdout } = await check(sandbox, '--token-file', file)
    assert.doesNotMatch(stdout, /eyJ|AUDIENCE_MISMATCH \(Google/)
    assert.match(stdout, /^warning: AUDIENCE_MISMATCH \(Azure\): the token has audience "\/\/iam\.googleapis\.com\//m)
  })

  test('a token signed by a new key that is not published yet is reported with its kid', async (t) => {
    const sandbox = await startTestSandbox(t)
    const key = await sandbox.cluster.keys.add()
    sandbox.cluster.keys.signWith(key)
    await sandbox.writeToken()
    const { exitCode, findings } = await found(sandbox, '--token-file', sandbox.folder.tokenFile)
    assert.equal(exitCode, 1)
    assert.deepEqual(
      findings.map(({ code, seen }) => [code, seen]),
      [['KEY_UNPUBLISHED', `the token is signed by key "${key.kid}", which is not published`]],
    )
    await sandbox.publishIssuer()
    assert.equal((await found(sandbox, '--token-file', sandbox.folder.tokenFile)).exitCode, 0)
  })

  test('an altered token is reported', async (t) => {
    const sandbox = await startTestSandbox(t)
    const account = { namespace: 'image-system', name: 'pullpass', lifeSeconds: 600 }
    const [header, , signature] = (
      await sandbox.cluster.signServiceAccountToken({ ...account, audiences: ['a'] })
    ).split('.')
    const [, payload] = (await sandbox.cluster.signServiceAccountToken({ ...account, audiences: ['b'] })).split('.')
    const file = await sandbox.write('altered', [header, payload, signature].join('.'))
    const { findings } = await found(sandbox, '--token-file', file)
    assert.deepEqual(
      findings.map(({ code }) => code),
      ['SIGNATURE_INVALID'],
    )
  })

  test('a token of another cluster, from standard input, is reported', async (t) => {
    const key = await sharedSigningKey('another')
    const [sandbox, other] = [
      await startTestSandbox(t),
      await startTestSandbox(t, { keys: { signing: key, published: [key] } }),
    ]
    const account = { namespace: 'image-system', name: 'pullpass', lifeSeconds: 600 }
    const input = await other.cluster.signServiceAccountToken({ ...account, audiences: ['sts.amazonaws.com'] })
    const argv = ['issuer', 'check', sandbox.cluster.issuer, '--for', 'oidc', '--token-file', '-']
    const { exitCode, stdout } = await runPullpass(sandbox, argv, { input })
    assert.equal(exitCode, 1)
    assert.match(stdout, /TOKEN_ISSUER_MISMATCH/)
    assert.match(stdout, /KEY_UNPUBLISHED/)
  })

  test('an invalid token ends the run, and no part of it is shown', async (t) => {
    const argv = ['issuer', 'check', 'https://oidc.example.com', '--token-file', '-']
    const { exitCode, stderr } = await runPullpass(await startTestSandbox(t), argv, { input: 'my-password' })
    assert.equal(exitCode, 2)
    assert.match(stderr, /^TOKEN_MALFORMED \(subject-token\): standard input contains no/)
    assert.doesNotMatch(stderr, /my-password/)
  })
})

suite('pullpass issuer check is refused', () => {
  const invalid: Record<string, [words: string[], seen: RegExp, expected: RegExp]> = {
    'without a URL': [[], /^USAGE_INVALID \(run\): URL is missing$/m, /expected the URL of an issuer/],
    'with two URLs': [
      ['https://a.example', 'https://b.example'],
      /unexpected argument "https:\/\/b\.example"/,
      /expected one URL/,
    ],
    'with a name': [['oidc.example.com'], /"oidc\.example\.com" is not a URL/, /expected the URL of an issuer/],
    'with a bucket at Google': [
      ['gs://example-issuer/cluster-1'],
      /"gs:\/\/example-issuer\/cluster-1" is a publish target/,
      /expected the URL where clouds read it: https:\/\/storage\.googleapis\.com\/example-issuer\/cluster-1$/m,
    ],
    'with a bucket at AWS': [
      ['s3://example-issuer'],
      /is a publish target/,
      /expected .* https:\/\/example-issuer\.s3\.REGION\.amazonaws\.com$/m,
    ],
    'with a container at Azure': [
      ['azblob://exampleissuer/oidc/a'],
      /is a publish target/,
      /expected .* https:\/\/exampleissuer\.blob\.core\.windows\.net\/oidc\/a$/m,
    ],
    'with the URL of a document': [
      ['https://oidc.example.com/c/.well-known/openid-configuration'],
      /is one of its documents/,
      /expected the issuer itself: https:\/\/oidc\.example\.com\/c$/m,
    ],
    'for an unknown vendor': [
      ['https://oidc.example.com', '--for', 'google'],
      /--for is "google"/,
      /one of gcp, aws, azure, oidc/,
    ],
  }
  for (const [name, [words, seen, expected]] of Object.entries(invalid)) {
    test(name, async () => {
      const emptyHost = {
        environment: {},
        clock: { now: () => new Date('2026-11-24T12:00:00Z'), advance: () => undefined },
      }
      const { exitCode, stderr } = await runPullpass(emptyHost, ['issuer', 'check', ...words])
      assert.equal(exitCode, 2)
      assert.match(stderr, seen)
      assert.match(stderr, expected)
    })
  }
})
