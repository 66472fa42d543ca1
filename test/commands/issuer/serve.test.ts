import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import { runPullpass } from '../../support/run-pullpass.ts'
import { spawnPullpass } from '../../support/spawn-pullpass.ts'
import { startTestSandbox } from '../../support/start-test-sandbox.ts'
import { waitForStderr } from './wait-for-stderr.ts'

suite('pullpass issuer serve', () => {
  test("serves the cluster's keys under its issuer's path, and ends on SIGTERM", async (t) => {
    const sandbox = await startTestSandbox(t, { namespaces: ['default', 'pullpass-system'] })
    const issuer = 'https://oidc.example.com/cluster-1'
    const argv = ['issuer', 'serve', '--issuer-url', issuer, '--listen', '0', '--log-level', 'info']
    const { child, ended } = spawnPullpass(argv, sandbox.environment)
    t.after(() => child.kill('SIGKILL'))
    const port = /documents are served port=(\d+)/.exec(await waitForStderr(child, /a key was published/))?.[1]
    const read = async (path: string, headers = {}) =>
      await fetch(`http://127.0.0.1:${port}/cluster-1${path}`, { headers })
    const discovery = await read('/.well-known/openid-configuration')
    assert.equal(discovery.headers.get('content-type'), 'application/json')
    assert.deepEqual(await discovery.json(), {
      issuer,
      jwks_uri: `${issuer}/openid/v1/jwks`,
      response_types_supported: ['id_token'],
      subject_types_supported: ['public'],
      id_token_signing_alg_values_supported: ['RS256'],
    })
    const jwks = await read('/openid/v1/jwks')
    const { keys }: { keys: { kid: string }[] } = JSON.parse(await jwks.text())
    assert.deepEqual(
      keys.map(({ kid }) => kid),
      [sandbox.cluster.keys.current.kid],
    )
    const again = await read('/openid/v1/jwks', { 'if-none-match': jwks.headers.get('etag') ?? '' })
    assert.deepEqual([again.status, await again.text()], [304, ''])
    assert.equal((await read('/openid')).status, 404)
    child.kill('SIGTERM')
    assert.equal((await ended).exitCode, 0)
  })

  test('after a restart it still serves the key that was replaced before', async (t) => {
    const sandbox = await startTestSandbox(t, { namespaces: ['default', 'pullpass-system'] })
    const { keys } = sandbox.cluster
    const old = keys.current
    const start = async () => {
      const words = ['--issuer-url', 'https://oidc.example.com', '--listen', '0']
      const serving = spawnPullpass(['issuer', 'serve', ...words, '--log-level', 'info'], sandbox.environment)
      t.after(() => serving.child.kill('SIGKILL'))
      // Nothing is served at the issuer URL: this is logged after the keys are recorded.
      return { ...serving, log: await waitForStderr(serving.child, /PUBLISHED_MISMATCH/) }
    }
    const first = await start()
    first.child.kill('SIGTERM')
    await first.ended
    keys.signWith(await keys.add())
    keys.drop(old.kid)
    const { log } = await start()
    const port = /documents are served port=(\d+)/.exec(log)?.[1]
    const jwks = await fetch(`http://127.0.0.1:${port}/openid/v1/jwks`)
    const served: { keys: { kid: string }[] } = JSON.parse(await jwks.text())
    assert.deepEqual(served.keys.map(({ kid }) => kid).toSorted(), [old.kid, keys.current.kid].toSorted())
  })

  test('prints the address at which it listens', async (t) => {
    const sandbox = await startTestSandbox(t, { namespaces: ['default', 'pullpass-system'] })
    const end = new AbortController()
    const notes: string[] = []
    const { exitCode } = await runPullpass(sandbox, ['issuer', 'serve', '--listen', '127.0.0.1:0'], {
      signal: end.signal,
      notify: (text) => void notes.push(text),
      sleep: async () => end.abort(),
    })
    assert.equal(exitCode, 0)
    assert.match(notes.join('\n'), / published at http:\/\/127\.0\.0\.1:\d+ until /)
  })

  test('an invalid address ends with exit code 2', async (t) => {
    const sandbox = await startTestSandbox(t, { namespaces: ['default'] })
    const { exitCode, stderr } = await runPullpass(sandbox, ['issuer', 'serve', '--listen', ':8080'])
    assert.equal(exitCode, 2)
    assert.match(stderr, /--listen is ":8080"\n {2}expected PORT, ADDRESS:PORT, or \*:PORT for all addresses/)
  })
})
