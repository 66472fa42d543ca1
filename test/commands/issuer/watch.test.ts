import assert from 'node:assert/strict'
import { X509Certificate } from 'node:crypto'
import { existsSync } from 'node:fs'
import { mkdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { suite, test } from 'node:test'
import { parseAllDocuments } from 'yaml'
import { runPullpass } from '../../support/run-pullpass.ts'
import { spawnPullpass } from '../../support/spawn-pullpass.ts'
import { startTestSandbox } from '../../support/start-test-sandbox.ts'
import { waitForStderr } from './wait-for-stderr.ts'

suite('pullpass issuer watch', () => {
  test('publishes into a folder, serves its health, and ends on SIGTERM', async (t) => {
    const sandbox = await startTestSandbox(t, { namespaces: ['default', 'pullpass-system'] })
    const folder = join(sandbox.folder.path, 'public')
    await mkdir(folder)
    const argv = ['issuer', 'watch', '--to', folder, '--health-listen', '0', '--log-level', 'info']
    const { child, ended } = spawnPullpass(argv, sandbox.environment)
    t.after(() => child.kill('SIGKILL'))
    const log = await waitForStderr(child, /a key was published/)
    const port = /serving health and metrics port=(\d+)/.exec(log)?.[1]
    const jwks: { keys: { kid: string }[] } = JSON.parse(await readFile(join(folder, 'openid/v1/jwks'), 'utf8'))
    assert.deepEqual(
      jwks.keys.map(({ kid }) => kid),
      [sandbox.cluster.keys.current.kid],
    )
    const health = await fetch(`http://127.0.0.1:${port}/livez`)
    assert.deepEqual([health.status, await health.text()], [200, '[+]rounds ok\nlivez check passed\n'])
    child.kill('SIGTERM')
    assert.equal((await ended).exitCode, 0)
  })

  test('prints that it runs and where it listens, and logs the rounds with a changed result', async (t) => {
    const sandbox = await startTestSandbox(t, { namespaces: ['default', 'pullpass-system'] })
    const end = new AbortController()
    const notes: string[] = []
    let pauses = 0
    const { exitCode, stderr } = await runPullpass(
      sandbox,
      ['issuer', 'watch', '--to', 'gs://example-cluster', '--health-listen', '0', '--log-level', 'info'],
      {
        signal: end.signal,
        notify: (text) => void notes.push(text),
        sleep: async () => {
          if (++pauses === 3) end.abort()
        },
      },
    )
    assert.equal(exitCode, 0, stderr)
    assert.match(
      notes.join('\n'),
      /^Watching the keys of https:\/\/127\.0\.0\.1:\d+, published at gs:\/\/example-cluster until 48h after they were last served; health and metrics at http:\/\/127\.0\.0\.1:\d+\. Reads every 15 s until stopped \(Ctrl-C\); /m,
    )
    const rounds = stderr.split('\n').filter((line) => line.includes('the API servers were read'))
    assert.equal(rounds.length, 1, stderr)
    assert.match(rounds[0] ?? '', /round=1 issuer="https:.*" apiServers="1 of 1" publicKeys=1 alarms=0$/)
  })

  test('warns of a --keep-for that is shorter than tokens live', async (t) => {
    const sandbox = await startTestSandbox(t, { namespaces: ['default', 'pullpass-system'] })
    for (const [keepFor, warns] of [
      ['24h4m', true],
      ['24h5m', false],
    ] as const) {
      const end = new AbortController()
      const argv = ['issuer', 'watch', '--to', 'gs://example-cluster', '--keep-for', keepFor]
      const sleep = async () => end.abort()
      const { exitCode, stderr } = await runPullpass(sandbox, argv, { signal: end.signal, sleep })
      assert.equal(exitCode, 0, stderr)
      assert.equal(
        / warn a key is withdrawn .*--keep-for is too short .*atLeast="24h plus 300s/.test(stderr),
        warns,
        stderr,
      )
    }
  })

  test('prints no progress with --log-format json', async (t) => {
    const sandbox = await startTestSandbox(t, { namespaces: ['default', 'pullpass-system'] })
    const end = new AbortController()
    const notes: string[] = []
    await runPullpass(sandbox, ['issuer', 'watch', '--to', 'gs://example-cluster', '--log-format', 'json'], {
      signal: end.signal,
      notify: (text) => void notes.push(text),
      sleep: async () => end.abort(),
    })
    assert.deepEqual(notes, [])
  })

  for (const [format, read] of [
    [
      'json',
      (text: string): unknown[] =>
        text
          .trimEnd()
          .split('\n')
          .map((line) => JSON.parse(line)),
    ],
    ['yaml', (text: string): unknown[] => parseAllDocuments(text).map((document) => document.toJS())],
  ] as const) {
    test(`with -o ${format} prints the status of each round`, async (t) => {
      const sandbox = await startTestSandbox(t, { namespaces: ['default', 'pullpass-system'] })
      const end = new AbortController()
      let pauses = 0
      const sleep = async () => {
        if (++pauses === 3) end.abort()
      }
      const words = ['issuer', 'watch', '--to', 'gs://example-cluster', '-o', format]
      const { exitCode, stdout, stderr } = await runPullpass(sandbox, words, { signal: end.signal, sleep })
      assert.equal(exitCode, 0, stderr)
      const [first, ...others] = read(stdout)
      const { kid } = sandbox.cluster.keys.current
      assert.deepEqual(first, {
        apiVersion: 'pullpass.dev/v1alpha1',
        kind: 'IssuerWatchStatus',
        result: 'ok',
        issuer: sandbox.cluster.issuer,
        round: 1,
        endedAt: '2026-11-24T12:00:00Z',
        apiServers: { queried: 1, read: 1 },
        keys: { published: 1, recorded: 1, revoked: 0 },
        publishedAt: '2026-11-24T12:00:00Z',
        failedStateRounds: 0,
        signingKeys: [{ kid, safeToSignAt: '2026-11-24T12:05:00Z', signing: true }],
        alarms: [],
      })
      assert.ok(others.length >= 1)
    })
  }

  const usageErrors: Record<string, [argv: string[], message: RegExp]> = {
    'without a target': [[], /^USAGE_INVALID .*--to is missing/],
    'with a replica that is not a URL': [
      ['--to', '.', '--replica', 'ftp://x'],
      /--replica is "ftp:\/\/x"\n {2}expected the URL of one API server/,
    ],
    'with an address that is none': [
      ['--to', '.', '--health-listen', 'example.com:80'],
      /--health-listen is "example\.com:80"\n {2}expected PORT, ADDRESS:PORT/,
    ],
    'with a duration that is none': [['--to', '.', '--keep-for', '2 days'], /--keep-for is "2 days"/],
    'with an invalid reference to the key state': [
      ['--to', '.', '--key-state', 'pullpass'],
      /--key-state is "pullpass"/,
    ],
  }
  for (const [title, [argv, message]] of Object.entries(usageErrors)) {
    test(`${title} ends with exit code 2`, async (t) => {
      const sandbox = await startTestSandbox(t, { namespaces: ['default'] })
      const { exitCode, stderr } = await runPullpass(sandbox, ['issuer', 'watch', ...argv])
      assert.equal(exitCode, 2)
      assert.match(stderr, message)
    })
  }

  const invalid = {
    'a KID in place of a thumbprint': ['--accept-key=my-key', '--accept-key is "my-key"'],
    'a fingerprint of SHA-1': [
      '--accept-ca=A9:99:3E:36:47:06:81:6A:BA:3E:25:71:78:50:C2:6C:9C:D0:D8:9D',
      '--accept-ca is "A9:99:3E:36:47:06:81:6A:BA:3E:25:71:78:50:C2:6C:9C:D0:D8:9D"',
    ],
  } as const
  for (const [title, [word, seen]] of Object.entries(invalid)) {
    test(`refuses ${title} before it connects`, async (t) => {
      const sandbox = await startTestSandbox(t)
      const argv = ['issuer', 'watch', '--to', 'gs://example-cluster', word]
      const { exitCode, stderr } = await runPullpass(sandbox, argv)
      assert.equal(exitCode, 2)
      assert.ok(stderr.startsWith(`USAGE_INVALID (run): ${seen}\n`), stderr)
      assert.deepEqual(sandbox.parts.kubernetes.seen, [])
    })
  }

  test('accepts a CA fingerprint as openssl prints it, and trusts no API server of another CA', async (t) => {
    const sandbox = await startTestSandbox(t, { namespaces: ['default', 'pullpass-system'] })
    const folder = join(sandbox.folder.path, 'public')
    await mkdir(folder)
    const watchWith = async (fingerprint: string) => {
      const end = new AbortController()
      const argv = ['issuer', 'watch', '--to', folder, '--accept-ca', fingerprint, '--log-level', 'warn']
      const { stderr } = await runPullpass(sandbox, argv, { signal: end.signal, sleep: async () => end.abort() })
      return { stderr, isPublished: existsSync(join(folder, 'openid/v1/jwks')) }
    }
    const { fingerprint256 } = new X509Certificate(sandbox.authority.ca)
    const other = await watchWith('00'.repeat(32))
    assert.match(other.stderr, /AUTHORITY_CHANGED/)
    assert.equal(other.isPublished, false)
    assert.deepEqual(await watchWith(fingerprint256.replaceAll(':', '').toLowerCase()), {
      stderr: '',
      isPublished: true,
    })
  })
})
