import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import type { Fault } from '../../../sandbox/serve/faults.ts'
import { documentText } from '../../support/document-text.ts'
import { readPullSecret } from '../../support/read-pull-secret.ts'
import { runPullpass } from '../../support/run-pullpass.ts'
import { startTestSandbox, type TestSandbox } from '../../support/start-test-sandbox.ts'

const first = 'puller@example-project.iam.gserviceaccount.com'
const second = 'second@example-project.iam.gserviceaccount.com'
const registries = {
  one: { host: 'europe-docker.pkg.dev', account: first },
  two: { host: 'us-docker.pkg.dev', account: second },
}

/** A cluster with both accounts at Google. */
async function startWithTwo(t: Parameters<typeof startTestSandbox>[0]): Promise<TestSandbox> {
  const sandbox = await startTestSandbox(t)
  sandbox.gcp.accounts.put(second)
  sandbox.gcp.accounts.allowTokens(second, sandbox.gcp.principal)
  return sandbox
}

const expiries = (sandbox: TestSandbox, namespace: string) => {
  const { annotations = {} } = readPullSecret(sandbox, namespace) ?? {}
  const text = annotations['pullpass.dev/registries'] ?? '{}'
  const records: Record<string, { expiresAt: string }> = JSON.parse(text)
  return {
    earliest: annotations['pullpass.dev/expires-at'],
    ...Object.fromEntries(Object.entries(records).map(([name, { expiresAt }]) => [name, expiresAt])),
  }
}

suite('when one of several registries fails', () => {
  test('its earlier entry stays in each namespace, with its expiry; the others are fresh, and the exit code is 1', async (t) => {
    const sandbox = await startWithTwo(t)
    // Of different runs, so that the namespaces hold different credentials.
    for (const namespace of ['team-a', 'team-b']) {
      const file = await sandbox.write('one.yaml', documentText(sandbox, { include: [namespace], registries }))
      await runPullpass(sandbox, ['refresh', '-f', file])
    }
    const before = { a: readPullSecret(sandbox, 'team-a'), b: readPullSecret(sandbox, 'team-b') }
    assert.notEqual(before.a?.auths['us-docker.pkg.dev'], before.b?.auths['us-docker.pkg.dev'])

    sandbox.clock.advance('40 min')
    sandbox.gcp.accounts.denyTokens(second, sandbox.gcp.principal)
    const file = await sandbox.write('both.yaml', documentText(sandbox, { registries }))
    const { exitCode, stdout, stderr } = await runPullpass(sandbox, ['refresh', '-f', file])

    assert.equal(exitCode, 1)
    assert.match(stderr, /^IMPERSONATION_DENIED \(impersonation\): Google responded with 403 /)
    assert.match(stderr, /\n {2}affects 2 namespaces: team-a, team-b\n$/)
    assert.match(stdout, /team-a\/regcred +one +updated +2026-11-24T13:40:00Z \(in 60 min\)\n/)
    assert.match(stdout, /team-a\/regcred +two +failed, kept +2026-11-24T13:00:00Z \(in 20 min\)\n/)
    const after = { a: readPullSecret(sandbox, 'team-a'), b: readPullSecret(sandbox, 'team-b') }
    for (const namespace of ['a', 'b'] as const) {
      assert.equal(after[namespace]?.auths['us-docker.pkg.dev'], before[namespace]?.auths['us-docker.pkg.dev'])
      assert.notEqual(
        after[namespace]?.auths['europe-docker.pkg.dev'],
        before[namespace]?.auths['europe-docker.pkg.dev'],
      )
    }
    assert.deepEqual(expiries(sandbox, 'team-a'), {
      earliest: '2026-11-24T13:00:00.000Z',
      one: '2026-11-24T13:40:00.000Z',
      two: '2026-11-24T13:00:00.000Z',
    })
  })

  test('and has no earlier entry, the others are written', async (t) => {
    const sandbox = await startTestSandbox(t)
    const file = await sandbox.write('both.yaml', documentText(sandbox, { registries }))
    const { exitCode, stdout } = await runPullpass(sandbox, ['refresh', '-f', file])
    assert.equal(exitCode, 1)
    assert.match(stdout, /team-a\/regcred +two +failed *\n/)
    assert.deepEqual(Object.keys(readPullSecret(sandbox, 'team-a')?.auths ?? {}), ['europe-docker.pkg.dev'])
    assert.deepEqual(expiries(sandbox, 'team-b'), {
      earliest: '2026-11-24T13:00:00.000Z',
      one: '2026-11-24T13:00:00.000Z',
    })
  })

  test('it is exchanged again by the next run, with or without --min-remaining', async (t) => {
    const sandbox = await startTestSandbox(t)
    const file = await sandbox.write('both.yaml', documentText(sandbox, { registries }))
    await runPullpass(sandbox, ['refresh', '-f', file])
    sandbox.gcp.accounts.put(second)
    sandbox.gcp.accounts.allowTokens(second, sandbox.gcp.principal)
    const { exitCode } = await runPullpass(sandbox, ['refresh', '-f', file, '--min-remaining', '30m'])
    assert.equal(exitCode, 0)
    assert.deepEqual(Object.keys(readPullSecret(sandbox, 'team-a')?.auths ?? {}), [
      'europe-docker.pkg.dev',
      'us-docker.pkg.dev',
    ])
  })

  test('and the Secret of a namespace cannot be read, only that namespace is left unchanged', async (t) => {
    const sandbox = await startWithTwo(t)
    const file = await sandbox.write('both.yaml', documentText(sandbox, { registries }))
    await runPullpass(sandbox, ['refresh', '-f', file])
    const before = sandbox.cluster.store.read('Secret', 'team-a', 'regcred')
    sandbox.gcp.accounts.denyTokens(second, sandbox.gcp.principal)
    let lists = 0
    // The first list of team-a requests metadata, the second the data of the Secret.
    sandbox.parts.kubernetes.faults.inject(
      { kind: 'response', response: { status: 400, body: { kind: 'Status', message: 'no', reason: 'BadRequest' } } },
      { when: ({ method, path }) => method === 'GET' && path.includes('/team-a/') && ++lists > 1 },
    )
    const { exitCode, stderr } = await runPullpass(sandbox, ['refresh', '-f', file])
    assert.equal(exitCode, 1)
    assert.match(stderr, /KUBERNETES_REFUSED \(kubernetes\): /)
    assert.deepEqual(sandbox.cluster.store.read('Secret', 'team-a', 'regcred'), before)
    assert.notEqual(sandbox.cluster.store.read('Secret', 'team-b', 'regcred'), before)
  })
})

const respondWith = (status: number, body: object | string, headers?: Record<string, string>): Fault => ({
  kind: 'response',
  response: { status, body, ...(headers && { headers }) },
})

suite('while Google fails, each pull secret keeps its last good credential', () => {
  const token = { access_token: 'ya29.federated', token_type: 'Bearer' }
  const faults: Record<string, readonly [fault: Fault, code: string, seen: string]> = {
    'it is down': [
      respondWith(503, 'down'),
      'EXCHANGE_UNAVAILABLE',
      "Google's token service responded with 503 at URL, without a known reason",
    ],
    'a sign-in page intercepts the request': [
      respondWith(200, '<html>Sign in</html>', { 'content-type': 'text/html' }),
      'RESPONSE_MALFORMED',
      'Google\'s token service responded with 200 at URL, but not in JSON: 20 bytes of "text/html"',
    ],
    'its token is empty': [
      respondWith(200, { ...token, access_token: '' }),
      'RESPONSE_MALFORMED',
      "Google's token service responded with 200 at URL, but its access_token is empty",
    ],
    'its token has expired': [
      respondWith(200, { ...token, expires_in: -1 }),
      'RESPONSE_MALFORMED',
      "Google's token service responded with 200 at URL, but its token is already expired, since 2026-11-24T12:39:59Z",
    ],
    'it responds without end': [
      respondWith(200, 'x'.repeat(1024 * 1024 + 1)),
      'RESPONSE_TOO_LARGE',
      "Google's token service returned more than 1048576 bytes at URL",
    ],
    'it sends the token elsewhere': [
      respondWith(307, '', { location: 'https://elsewhere.example/token' }),
      'REDIRECT_REFUSED',
      "Google's token service responded with 307, a redirect, at URL",
    ],
    'its connection breaks': [
      { kind: 'reset', at: 'request' },
      'EXCHANGE_UNAVAILABLE',
      "Google's token service did not respond (ECONNRESET) at URL",
    ],
    'its response is truncated': [
      { kind: 'truncate' },
      'EXCHANGE_UNAVAILABLE',
      "Google's token service did not respond (ECONNRESET) at URL",
    ],
  }

  test('whatever it does', async (t) => {
    const sandbox = await startTestSandbox(t)
    const { sts, iamCredentials } = sandbox.gcp.parts
    const file = await sandbox.write('pull.yaml', documentText(sandbox))
    await runPullpass(sandbox, ['refresh', '-f', file])
    const secrets = () => sandbox.cluster.store.list('Secret')
    const before = secrets()
    assert.equal(before.length, 2)
    sandbox.clock.advance('40 min')
    await sandbox.writeToken()

    for (const [name, [fault, code, seen]] of Object.entries(faults)) {
      await t.test(`because ${name}`, async () => {
        sts.faults.inject(fault)
        const { exitCode, stdout, stderr } = await runPullpass(sandbox, ['refresh', '-f', file])
        sts.faults.clear()
        assert.equal(exitCode, 1)
        assert.equal(stderr.split('\n')[0], `${code} (exchange): ${seen.replace('URL', `${sts.url}/v1/token`)}`)
        assert.match(stdout, /team-a\/regcred +google +failed, kept +2026-11-24T13:00:00Z \(in 20 min\)\n/)
        assert.deepEqual(secrets(), before)
      })
    }

    await t.test('because its certificate is not trusted', async () => {
      const environment = { PULLPASS_CA_FILE: undefined }
      const { exitCode, stderr } = await runPullpass(sandbox, ['refresh', '-f', file], { environment })
      assert.equal(exitCode, 1)
      assert.match(
        stderr,
        /^CERTIFICATE_UNTRUSTED \(exchange\): the certificate at https:\S+ is not trusted: UNABLE_TO/,
      )
      assert.match(stderr, /--ca-file FILE\n/)
      assert.deepEqual(secrets(), before)
    })

    await t.test('because it stalls until the timeout of the run', async () => {
      sts.faults.inject({ kind: 'stall', at: 'body' })
      const requests = sts.seen.length
      const sleep = async (ms: number, signal: AbortSignal) => {
        if (ms !== 30_000) return
        await sts.whenSeen(undefined, requests + 1)
        signal.throwIfAborted()
      }
      const { exitCode, stderr } = await runPullpass(sandbox, ['refresh', '-f', file, '--timeout', '30s'], { sleep })
      sts.faults.clear()
      assert.equal(exitCode, 1)
      assert.match(stderr, /^TIMED_OUT \(run\): the run did not end within 30s\n/)
      assert.deepEqual(secrets(), before)
    })

    await t.test('because the account may no longer be impersonated', async () => {
      sandbox.gcp.accounts.denyTokens(first, sandbox.gcp.principal)
      const { exitCode, stderr } = await runPullpass(sandbox, ['refresh', '-f', file])
      assert.equal(exitCode, 1)
      assert.match(stderr, /^IMPERSONATION_DENIED \(impersonation\)/)
      assert.deepEqual(secrets(), before)
      sandbox.gcp.accounts.allowTokens(first, sandbox.gcp.principal)
    })

    await t.test('and once it is back, the next run writes', async () => {
      const { exitCode } = await runPullpass(sandbox, ['refresh', '-f', file])
      assert.equal(exitCode, 0)
      assert.notDeepEqual(secrets(), before)
      assert.ok(iamCredentials.seen.length > 1)
    })
  })
})

suite('exchanges cost one call for each identity and registry', () => {
  test('however many documents, namespaces and hosts', async (t) => {
    const sandbox = await startTestSandbox(t)
    const one = documentText(sandbox, {
      name: 'one',
      include: ['team-a', 'default'],
      registries: { eu: { host: 'europe-docker.pkg.dev' }, us: { host: 'us-docker.pkg.dev' } },
    })
    const two = documentText(sandbox, {
      name: 'two',
      include: ['team-b'],
      registries: { asia: { host: 'asia-docker.pkg.dev' } },
    })
    const file = await sandbox.write('two.yaml', `${one}---\n${two}`)
    const { exitCode } = await runPullpass(sandbox, ['refresh', '-f', file])
    assert.equal(exitCode, 0)
    assert.deepEqual([sandbox.gcp.parts.sts.seen.length, sandbox.gcp.parts.iamCredentials.seen.length], [1, 1])
    const passwords = ['default', 'team-a', 'team-b'].flatMap((namespace) =>
      Object.values(readPullSecret(sandbox, namespace)?.auths ?? {}),
    )
    assert.deepEqual([passwords.length, new Set(passwords).size], [5, 1])
  })

  test('registries that differ in settings alone share one requested token', async (t) => {
    const sandbox = await startWithTwo(t)
    const more = '  serviceAccountRef: {namespace: image-system, name: pullpass}'
    const file = await sandbox.write('both.yaml', documentText(sandbox, { registries, more }))
    const { exitCode, stderr } = await runPullpass(sandbox, ['refresh', '-f', file])
    assert.deepEqual([exitCode, stderr], [0, ''])
    const requests = sandbox.parts.kubernetes.seen.filter(
      ({ method, path }) => method === 'POST' && path.endsWith('/token'),
    )
    assert.equal(requests.length, 1)
    assert.equal(sandbox.gcp.parts.sts.seen.length, 2)
  })

  test('another account is another exchange', async (t) => {
    const sandbox = await startWithTwo(t)
    const file = await sandbox.write('both.yaml', documentText(sandbox, { registries }))
    await runPullpass(sandbox, ['refresh', '-f', file])
    assert.deepEqual([sandbox.gcp.parts.sts.seen.length, sandbox.gcp.parts.iamCredentials.seen.length], [2, 2])
  })
})

suite('the command of a fix', () => {
  const flags = (sandbox: TestSandbox) => ['--kubeconfig', sandbox.folder.kubeconfigFile, '--context', 'sandbox']
  const command = (sandbox: TestSandbox) =>
    `kubectl ${flags(sandbox).join(' ')} create serviceaccount absent -n image-system`
  const absent = 'serviceAccountRef: {namespace: image-system, name: absent}'

  test('uses the kubeconfig and the context of the command line', async (t) => {
    const sandbox = await startTestSandbox(t)
    const document = documentText(sandbox, { include: ['team-a'] }).replace('spec:', `spec:\n  ${absent}`)
    const file = await sandbox.write('pull.yaml', document)

    const run = await runPullpass(sandbox, ['refresh', '-f', file, ...flags(sandbox)])
    assert.ok(run.stderr.includes(`: ${command(sandbox)}\n`), run.stderr)

    const log = await runPullpass(sandbox, ['refresh', '-f', file, ...flags(sandbox), '--log-format', 'json'])
    assert.equal(JSON.parse(log.stderr).command, command(sandbox))
  })

  test('uses them where an error ends the run, also in its result; a command for help stays as it is', async (t) => {
    const sandbox = await startTestSandbox(t)
    const inspect = ['inspect', 'secret', 'team-a/none', ...flags(sandbox), '-o', 'json']
    const run = await runPullpass(sandbox, inspect)
    const expected = `kubectl ${flags(sandbox).join(' ')} get secrets -n team-a --field-selector type=kubernetes.io/dockerconfigjson`
    assert.equal(JSON.parse(run.stdout).error.command, expected)
    assert.ok(run.stderr.includes(`fix: ${expected}\n`), run.stderr)

    const misused = await runPullpass(sandbox, ['refresh', '--prune', ...flags(sandbox)])
    assert.match(misused.stderr, /^ {2}fix: pullpass refresh --help$/m)
  })
})
