import assert from 'node:assert/strict'
import { copyFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { suite, test } from 'node:test'
import type { Sandbox } from '../../../sandbox/start-sandbox.ts'
import { runInspect, start } from './run-inspect.ts'

async function writeDocument(sandbox: Sandbox, extra: object = {}, more: object = {}): Promise<string> {
  const path = join(sandbox.folder.path, 'document.json')
  const registry = {
    name: 'google',
    hosts: ['europe-docker.pkg.dev'],
    gcp: { workloadIdentityProvider: sandbox.gcp.provider },
  }
  const spec = { namespaces: { include: ['team-a'] }, registries: [{ ...registry, ...extra }], ...more }
  const document = {
    apiVersion: 'pullpass.dev/v1alpha1',
    kind: 'ClusterPullSecret',
    metadata: { name: 'regcred' },
    spec,
  }
  await writeFile(path, JSON.stringify(document))
  return path
}

suite('pullpass inspect, of a token', () => {
  test('a projected token is shown by its claims, never the token itself', async (t) => {
    const sandbox = await start(t)
    sandbox.clock.advance('2 min')
    const { exitCode, stdout } = await runInspect(sandbox, ['-f', await writeDocument(sandbox)])
    assert.equal(exitCode, 0)
    assert.match(stdout, /^subject +system:serviceaccount:image-system:pullpass$/m)
    assert.match(stdout, /^audience +\/\/iam\.googleapis\.com\/projects\/123456789012\//m)
    assert.match(stdout, /^bound to pod +pullpass-\S+$/m)
    assert.match(stdout, /^issued +2026-11-24T12:00:00Z \(2 min ago\)$/m)
    assert.match(stdout, /^expires +2026-11-24T13:00:00Z \(in 58 min\)$/m)
    assert.match(stdout, /^The token has no known problem for europe-docker\.pkg\.dev\./m)
    assert.doesNotMatch(stdout, /eyJ/)
  })

  test('a token for the API server is refused for a document, with the name of its registry', async (t) => {
    const sandbox = await start(t)
    await sandbox.writeToken({ audiences: ['https://kubernetes.default.svc'] })
    const { exitCode, stdout } = await runInspect(sandbox, ['-f', await writeDocument(sandbox)])
    assert.equal(exitCode, 1)
    assert.match(stdout, /^AUDIENCE_MISMATCH \(subject-token\): .* has audience "https:\/\/kubernetes\.default\.svc"$/m)
    assert.match(stdout, /\(with or without "https:"\), from registry europe-docker\.pkg\.dev$/m)
  })

  test('a registry with its own token file is not checked against another file', async (t) => {
    const sandbox = await start(t)
    await sandbox.writeToken({ audiences: ['other'] })
    const document = await writeDocument(sandbox, { tokenFile: join(sandbox.folder.path, 'own-token') })
    assert.equal((await runInspect(sandbox, [sandbox.folder.tokenFile, '-f', document])).exitCode, 0)
  })

  test('without a token argument, the token file of the document is shown', async (t) => {
    const sandbox = await start(t)
    const tokenFile = join(sandbox.folder.path, 'own-token')
    await copyFile(sandbox.folder.tokenFile, tokenFile)
    await sandbox.writeToken({ audiences: ['other'] })
    const { exitCode, stdout } = await runInspect(sandbox, ['-f', await writeDocument(sandbox, { tokenFile })])
    assert.deepEqual([exitCode, stdout.split('\n')[0]], [0, `token          ${tokenFile}`])
  })

  test('where the document names a service account, the token that refresh would request for it is shown', async (t) => {
    const sandbox = await start(t)
    await sandbox.writeToken({ audiences: ['other'] })
    const serviceAccountRef = { namespace: 'image-system', name: 'pullpass' }
    const document = await writeDocument(sandbox, {}, { serviceAccountRef })
    const { exitCode, stdout } = await runInspect(sandbox, ['-f', document])
    assert.equal(exitCode, 0)
    assert.match(stdout, /^token +the token of service account image-system\/pullpass$/m)
    assert.match(stdout, /^audience +\/\/iam\.googleapis\.com\/projects\/123456789012\//m)
    assert.match(stdout, /^The token has no known problem for europe-docker\.pkg\.dev\./m)
  })

  test('the error for a missing file names no flag that inspect does not have', async (t) => {
    const { exitCode, stderr } = await runInspect(await start(t), ['nofile'])
    assert.equal(exitCode, 2)
    assert.match(stderr, /^TOKEN_FILE_UNREADABLE \(subject-token\): nofile does not exist\n/)
    assert.doesNotMatch(stderr, /--/)
  })

  test('without a document, the token is checked for the registry of the environment variables', async (t) => {
    const sandbox = await start(t)
    const { exitCode, stdout } = await runInspect(sandbox, [])
    assert.equal(exitCode, 0)
    assert.match(stdout, /^The token has no known problem for localhost:\d+\./m)
    await sandbox.writeToken({ audiences: ['other'] })
    assert.match((await runInspect(sandbox, [])).stdout, /^AUDIENCE_MISMATCH .* has audience "other"$/m)
    const named = await runInspect(sandbox, [sandbox.folder.tokenFile])
    assert.match(named.stdout, /^The token has no known problem\. With -f DOCUMENT, /m)
  })

  test('an expired token is refused, without any document', async (t) => {
    const sandbox = await start(t)
    sandbox.clock.advance('2 h')
    const { exitCode, stdout } = await runInspect(sandbox, [])
    assert.equal(exitCode, 1)
    assert.match(stdout, /^TOKEN_EXPIRED \(subject-token\): .* expired at 2026-11-24T13:00:00Z$/m)
  })

  test('an invalid token on standard input is refused, and no part of it is shown', async (t) => {
    const sandbox = await start(t)
    const { exitCode, stdout, stderr } = await runInspect(sandbox, ['-'], 'my-password')
    assert.deepEqual([exitCode, stdout], [2, ''])
    assert.match(stderr, /^TOKEN_MALFORMED \(subject-token\): standard input contains no .*: it has 1 part$/m)
    assert.doesNotMatch(stderr, /my-password/)
  })

  test('-o json contains claims and problems, and no token', async (t) => {
    const sandbox = await start(t)
    const { stdout } = await runInspect(sandbox, [sandbox.folder.tokenFile, '-o', 'json'])
    const { tokens } = JSON.parse(stdout)
    assert.deepEqual(Object.keys(tokens[0]), [
      'source',
      'result',
      'issuer',
      'subject',
      'audiences',
      'issuedAt',
      'expiresAt',
      'pod',
      'node',
      'kid',
      'algorithm',
      'errors',
    ])
    assert.equal(tokens[0].expiresAt, '2026-11-24T13:00:00Z')
    assert.deepEqual(tokens[0].errors, [])
  })
})

suite('pullpass inspect serviceaccount', () => {
  const account = ['serviceaccount', 'image-system/pullpass']

  test('without a document, a token with the audience pullpass.dev/inspect is requested', async (t) => {
    const { exitCode, stdout } = await runInspect(await start(t), account)
    assert.equal(exitCode, 0)
    assert.match(stdout, /^audience +pullpass\.dev\/inspect$/m)
    assert.match(stdout, /^expires +2026-11-24T12:10:00Z \(in 10 min\)$/m)
  })

  test('with a document, the token has its registry', async (t) => {
    const sandbox = await start(t)
    const { exitCode, stdout } = await runInspect(sandbox, [...account, '-f', await writeDocument(sandbox)])
    assert.equal(exitCode, 0)
    assert.match(stdout, /^audience +\/\/iam\.googleapis\.com\/projects\/123456789012\//m)
  })

  test('an audience that the registry does not accept is reported', async (t) => {
    const sandbox = await start(t)
    const words = [...account, '--audience', 'sts', '-f', await writeDocument(sandbox)]
    const { exitCode, stdout } = await runInspect(sandbox, words)
    assert.equal(exitCode, 1)
    assert.match(stdout, /^AUDIENCE_MISMATCH \(subject-token\): the token of service account .* has audience "sts"$/m)
  })

  test('an account that does not exist is reported', async (t) => {
    const { exitCode, stderr } = await runInspect(await start(t), ['serviceaccount', 'image-system/absent'])
    assert.equal(exitCode, 1)
    assert.match(
      stderr,
      /^TOKEN_REQUEST_REFUSED \(subject-token\): ServiceAccount image-system\/absent does not exist/m,
    )
    assert.match(stderr, /^ {2}expected the service account that the command names$/m)
  })
})
