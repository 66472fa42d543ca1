import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import { documentText } from '../support/document-text.ts'
import { readPullSecret } from '../support/read-pull-secret.ts'
import { runPullpass } from '../support/run-pullpass.ts'
import { startTestSandbox, type TestSandbox } from '../support/start-test-sandbox.ts'

const manager = 'pullpass:ClusterPullSecret:pull'
const config = (host: string, auth: string) =>
  Buffer.from(JSON.stringify({ auths: { [host]: { auth: Buffer.from(auth).toString('base64') } } })).toString('base64')

/** As `kubectl create secret docker-registry | kubectl apply` leaves it. */
function seedScriptSecret({ cluster }: TestSandbox, namespace: string, type = 'kubernetes.io/dockerconfigjson'): void {
  const data = { '.dockerconfigjson': config('europe-docker.pkg.dev', 'oauth2accesstoken:of-the-script') }
  cluster.seed({
    apiVersion: 'v1',
    kind: 'Secret',
    metadata: {
      name: 'regcred',
      namespace,
      annotations: { 'kubectl.kubernetes.io/last-applied-configuration': JSON.stringify({ data }) },
      managedFields: [
        {
          manager: 'kubectl-client-side-apply',
          operation: 'Update',
          apiVersion: 'v1',
          fieldsType: 'FieldsV1',
          fieldsV1: {
            'f:metadata': { 'f:annotations': { '.': {}, 'f:kubectl.kubernetes.io/last-applied-configuration': {} } },
            'f:data': { '.': {}, 'f:.dockerconfigjson': {} },
            'f:type': {},
          },
        },
      ],
    },
    type,
    data,
  })
}

suite('pullpass refresh keeps to whose Secret it is', () => {
  test('a Secret of the usual script is left as it is, by name of its manager, and the others are written', async (t) => {
    const sandbox = await startTestSandbox(t)
    seedScriptSecret(sandbox, 'team-a')
    const file = await sandbox.write('pull.yaml', documentText(sandbox))
    const { exitCode, stderr } = await runPullpass(sandbox, ['refresh', '-f', file])
    assert.equal(exitCode, 1)
    assert.equal(
      stderr,
      [
        'SECRET_NOT_OURS (kubernetes): Secret team-a/regcred is managed by "kubectl-client-side-apply"; it was left as it is',
        '  expected one that pullpass made for ClusterPullSecret pull, or none',
        '  fix: choose another spec.secretName, or take this one over: spec.conflictPolicy: Adopt (once: --adopt)',
        '',
      ].join('\n'),
    )
    assert.deepEqual(readPullSecret(sandbox, 'team-a')?.auths, {
      'europe-docker.pkg.dev': 'oauth2accesstoken:of-the-script',
    })
    assert.deepEqual(readPullSecret(sandbox, 'team-b')?.managers, [manager])
  })

  test('--adopt takes it over once, and empties what kubectl remembers of the old password', async (t) => {
    const sandbox = await startTestSandbox(t)
    seedScriptSecret(sandbox, 'team-a')
    const file = await sandbox.write('pull.yaml', documentText(sandbox))
    const adopted = await runPullpass(sandbox, ['refresh', '-f', file, '--adopt'])
    assert.equal(adopted.stderr, '')
    assert.match(adopted.stdout, /team-a\/regcred +google +written .* taken over from its earlier manager\n/)
    const secret = readPullSecret(sandbox, 'team-a')
    assert.doesNotMatch(JSON.stringify(secret), /of-the-script/)
    assert.equal(secret?.annotations['kubectl.kubernetes.io/last-applied-configuration'], undefined)
    assert.match(secret?.auths['europe-docker.pkg.dev'] ?? '', /^oauth2accesstoken:ya29\./)
    const again = await runPullpass(sandbox, ['refresh', '-f', file])
    assert.deepEqual([again.exitCode, again.stderr], [0, ''])
  })

  test('a Secret of another type is not taken over, and the run says what it is', async (t) => {
    const sandbox = await startTestSandbox(t)
    seedScriptSecret(sandbox, 'team-a', 'Opaque')
    const file = await sandbox.write('pull.yaml', documentText(sandbox))
    const { exitCode, stderr } = await runPullpass(sandbox, ['refresh', '-f', file, '--adopt'])
    assert.equal(exitCode, 1)
    assert.match(
      stderr,
      /^SECRET_TYPE_WRONG \(kubernetes\): Secret team-a\/regcred has another type, which cannot be changed\n/,
    )
  })

  test("a credential that somebody edited is put right, and the edit's author is named", async (t) => {
    const sandbox = await startTestSandbox(t)
    const file = await sandbox.write('pull.yaml', documentText(sandbox))
    await runPullpass(sandbox, ['refresh', '-f', file])
    const data = { '.dockerconfigjson': config('europe-docker.pkg.dev', 'by:hand') }
    await patchAs(sandbox, 'team-a', 'kubectl-edit', { data })
    const { exitCode, stdout } = await runPullpass(sandbox, ['refresh', '-f', file])
    assert.equal(exitCode, 0)
    assert.match(
      stdout,
      /team-a\/regcred +google +written .* somebody had changed it \(kubectl-edit\); it was put right\n/,
    )
    assert.match(readPullSecret(sandbox, 'team-a')?.auths['europe-docker.pkg.dev'] ?? '', /^oauth2accesstoken:ya29\./)
  })

  test('an annotation that somebody edited is put right, and the edit’s author is named; the next run says nothing', async (t) => {
    const sandbox = await startTestSandbox(t)
    const file = await sandbox.write('pull.yaml', documentText(sandbox))
    await runPullpass(sandbox, ['refresh', '-f', file])
    await patchAs(sandbox, 'team-a', 'kubectl-annotate', { metadata: { annotations: claimAhead(sandbox, 11) } })
    const { exitCode, stdout, stderr } = await runPullpass(sandbox, ['refresh', '-f', file])
    assert.deepEqual([exitCode, stderr], [0, ''])
    assert.match(
      stdout,
      /team-a\/regcred +google +written .* somebody had changed it \(kubectl-annotate\); it was put right\n/,
    )
    assert.equal(
      readPullSecret(sandbox, 'team-a')?.annotations['pullpass.dev/registries'],
      readPullSecret(sandbox, 'team-b')?.annotations['pullpass.dev/registries'],
    )
    assert.doesNotMatch((await runPullpass(sandbox, ['refresh', '-f', file])).stdout, /somebody/)
  })

  test('a credential that somebody claims at its own value is written on, and he is named', async (t) => {
    const sandbox = await startTestSandbox(t)
    const file = await sandbox.write('pull.yaml', documentText(sandbox))
    await runPullpass(sandbox, ['refresh', '-f', file])
    const held = sandbox.cluster.store.read('Secret', 'team-a', 'regcred')
    await applyAs(sandbox, 'team-a', 'restore', { type: held?.['type'], data: held?.['data'] })
    const { exitCode, stdout } = await runPullpass(sandbox, ['refresh', '-f', file])
    assert.equal(exitCode, 0)
    assert.match(stdout, /team-a\/regcred +google +written .* somebody had changed it \(restore\); it was put right\n/)
  })

  test('annotations that somebody claims at their own values are written on, as no edit', async (t) => {
    const sandbox = await startTestSandbox(t)
    const file = await sandbox.write('pull.yaml', documentText(sandbox))
    await runPullpass(sandbox, ['refresh', '-f', file])
    const { annotations } = readPullSecret(sandbox, 'team-a') ?? {}
    await applyAs(sandbox, 'team-a', 'restore', { metadata: { annotations }, type: 'kubernetes.io/dockerconfigjson' })
    sandbox.clock.advance('10 min')
    const { exitCode, stdout, stderr } = await runPullpass(sandbox, ['refresh', '-f', file])
    assert.deepEqual([exitCode, stderr], [0, ''])
    assert.match(stdout, /team-a\/regcred +google +written +2026-11-24T13:10:00Z \(in 60 min\)\n/)
  })

  test('an expiry that somebody wrote is not written on with the entry that stays', async (t) => {
    const sandbox = await startTestSandbox(t)
    const second = 'second@example-project.iam.gserviceaccount.com'
    sandbox.google.accounts.put(second)
    sandbox.google.accounts.allowTokens(second, sandbox.principal)
    const registries = {
      other: { host: 'us-docker.pkg.dev' },
      google: { host: 'europe-docker.pkg.dev', account: second },
    }
    const file = await sandbox.write('pull.yaml', documentText(sandbox, { include: ['team-a'], registries }))
    await runPullpass(sandbox, ['refresh', '-f', file])
    const before = readPullSecret(sandbox, 'team-a')
    await patchAs(sandbox, 'team-a', 'tenant', { metadata: { annotations: claimAhead(sandbox, 11) } })
    sandbox.google.accounts.denyTokens(second, sandbox.principal)
    const { exitCode, stdout } = await runPullpass(sandbox, ['refresh', '-f', file])
    assert.equal(exitCode, 1)
    assert.match(stdout, /team-a\/regcred +google +failed, kept +somebody had changed it \(tenant\)/)
    const after = readPullSecret(sandbox, 'team-a')
    assert.equal(after?.auths['europe-docker.pkg.dev'], before?.auths['europe-docker.pkg.dev'])
    assert.equal(after?.annotations['pullpass.dev/expires-at'], '2026-11-24T13:00:00.000Z')
    assert.deepEqual(Object.keys(JSON.parse(after?.annotations['pullpass.dev/registries'] ?? '')), ['other'])
  })

  test('with --min-remaining, an annotation that somebody edited makes no Secret fresh', async (t) => {
    const sandbox = await startTestSandbox(t)
    const file = await sandbox.write('pull.yaml', documentText(sandbox, { include: ['team-a'] }))
    await runPullpass(sandbox, ['refresh', '-f', file])
    await patchAs(sandbox, 'team-a', 'kubectl-annotate', { metadata: { annotations: claimAhead(sandbox, 11) } })
    const { stdout } = await runPullpass(sandbox, ['refresh', '-f', file, '--min-remaining', '30m'])
    assert.match(stdout, /team-a\/regcred +google +written +2026-11-24T13:00:00Z/)
  })

  test('with --min-remaining, one Secret that is edited before each run costs one exchange a run', async (t) => {
    const sandbox = await startTestSandbox(t)
    const file = await sandbox.write('pull.yaml', documentText(sandbox))
    await runPullpass(sandbox, ['refresh', '-f', file])
    for (const exchanges of [2, 3]) {
      await patchAs(sandbox, 'team-a', 'tenant', { metadata: { annotations: { 'pullpass.dev/registries': '{}' } } })
      const { exitCode } = await runPullpass(sandbox, ['refresh', '-f', file, '--min-remaining', '30m'])
      assert.equal(exitCode, 0)
      assert.equal(sandbox.parts.sts.seen.length, exchanges)
    }
    await runPullpass(sandbox, ['refresh', '-f', file, '--min-remaining', '30m'])
    assert.equal(sandbox.parts.sts.seen.length, 3)
  })

  test('a tenant who writes in our manager’s name deceives his own namespace alone, and no longer than 12 h', async (t) => {
    const sandbox = await startTestSandbox(t)
    const file = await sandbox.write('pull.yaml', documentText(sandbox))
    const own = await sandbox.write('own.yaml', documentText(sandbox, { include: ['team-a'] }))
    const refresh = (from: string) => runPullpass(sandbox, ['refresh', '-f', from, '--min-remaining', '30m'])
    const deceive = (hours: number) =>
      applyAs(sandbox, 'team-a', manager, {
        metadata: { annotations: claimAhead(sandbox, hours), labels: { 'app.kubernetes.io/managed-by': 'pullpass' } },
        type: 'kubernetes.io/dockerconfigjson',
        data: { '.dockerconfigjson': config('europe-docker.pkg.dev', 'by:hand') },
      })
    await refresh(file)

    await deceive(11)
    assert.match((await refresh(own)).stdout, /team-a\/regcred +google +unchanged /)
    sandbox.clock.advance('31 min')
    const late = await refresh(file)
    assert.deepEqual([late.exitCode, late.stderr], [0, ''])
    assert.match(late.stdout, /team-b\/regcred +google +written +2026-11-24T13:31:00Z/)
    assert.match(readPullSecret(sandbox, 'team-a')?.auths['europe-docker.pkg.dev'] ?? '', /^oauth2accesstoken:ya29\./)

    await deceive(13)
    assert.match((await refresh(own)).stdout, /team-a\/regcred +google +written /)
  })

  test('what failed says what the Secret holds: its earlier entry and expiry, or nothing of ours', async (t) => {
    const sandbox = await startTestSandbox(t)
    const file = await sandbox.write('pull.yaml', documentText(sandbox))
    await runPullpass(sandbox, ['refresh', '-f', file])
    const stored = sandbox.cluster.store.read('Secret', 'team-b', 'regcred')
    assert.ok(stored)
    sandbox.cluster.store.remove(stored)
    seedScriptSecret(sandbox, 'team-b')
    sandbox.cluster.authorization.forbid({ verbs: ['patch'], resources: ['secrets'], namespace: 'team-a' })
    sandbox.clock.advance('40 min')
    const { stdout } = await runPullpass(sandbox, ['refresh', '-f', file, '-o', 'json'])
    const report: { outcomes: { result: string; registries: object[] }[] } = JSON.parse(stdout)
    const base = { name: 'google', hosts: ['europe-docker.pkg.dev'] }
    assert.deepEqual(
      report.outcomes.map(({ result, registries }) => [result, ...registries]),
      [
        ['failed', { ...base, state: 'kept', expiresAt: '2026-11-24T13:00:00.000Z' }],
        ['failed', { ...base, state: 'absent' }],
      ],
    )
    const shown = await runPullpass(sandbox, ['refresh', '-f', file])
    assert.match(shown.stdout, /team-a\/regcred +google +failed, kept +2026-11-24T13:00:00Z \(in 20 min\)\n/)
    assert.match(shown.stdout, /team-b\/regcred +google +failed\n/)
  })

  test('a second document does not take the Secret of the first', async (t) => {
    const sandbox = await startTestSandbox(t)
    const first = await sandbox.write('first.yaml', documentText(sandbox))
    const second = await sandbox.write('second.yaml', documentText(sandbox, { name: 'other', include: ['team-a'] }))
    await runPullpass(sandbox, ['refresh', '-f', first])
    const before = readPullSecret(sandbox, 'team-a')
    const { exitCode, stderr } = await runPullpass(sandbox, ['refresh', '-f', second])
    assert.equal(exitCode, 1)
    assert.match(stderr, /is managed by "pullpass:ClusterPullSecret:pull"; it was left as it is\n/)
    assert.deepEqual(readPullSecret(sandbox, 'team-a'), before)
  })

  test('once a second document adopts it, the first leaves it to that one, and neither takes it in turn', async (t) => {
    const sandbox = await startTestSandbox(t)
    const first = await sandbox.write('first.yaml', documentText(sandbox))
    const second = await sandbox.write('second.yaml', documentText(sandbox, { name: 'other', include: ['team-a'] }))
    await runPullpass(sandbox, ['refresh', '-f', first])
    const adopted = await runPullpass(sandbox, ['refresh', '-f', second, '--adopt'])
    assert.equal(adopted.exitCode, 0)
    const before = readPullSecret(sandbox, 'team-a')
    const { exitCode, stdout, stderr } = await runPullpass(sandbox, ['refresh', '-f', first])
    assert.equal(exitCode, 1)
    assert.match(
      stderr,
      /^SECRET_NOT_OURS .* team-a\/regcred is managed by "pullpass:ClusterPullSecret:other"; it was left/,
    )
    assert.match(stdout, /team-b\/regcred +google +written /)
    assert.deepEqual(readPullSecret(sandbox, 'team-a'), before)
    const again = await runPullpass(sandbox, ['refresh', '-f', second])
    assert.deepEqual([again.exitCode, again.stderr], [0, ''])
  })
})

/** Our annotations of team-a's Secret, with a life of so many hours. */
function claimAhead(sandbox: TestSandbox, hours: number): Record<string, string> {
  const { annotations = {} } = readPullSecret(sandbox, 'team-a') ?? {}
  const expiresAt = new Date(sandbox.clock.now().getTime() + hours * 3_600_000).toISOString()
  const registries: Record<string, object> = JSON.parse(annotations['pullpass.dev/registries'] ?? '{}')
  const claimed = { google: { ...registries['google'], expiresAt } }
  return {
    ...annotations,
    'pullpass.dev/expires-at': expiresAt,
    'pullpass.dev/registries': JSON.stringify(claimed),
  }
}

const patchAs = (sandbox: TestSandbox, namespace: string, author: string, body: object) =>
  writeAs(sandbox, { namespace, author, contentType: 'application/merge-patch+json' }, body)

const applyAs = (sandbox: TestSandbox, namespace: string, author: string, fields: SecretFields) =>
  writeAs(
    sandbox,
    { namespace, author, contentType: 'application/apply-patch+yaml' },
    { apiVersion: 'v1', kind: 'Secret', ...fields, metadata: { name: 'regcred', namespace, ...fields.metadata } },
  )

interface SecretFields {
  readonly metadata?: object
  readonly type: unknown
  readonly data?: unknown
}

interface Writer {
  readonly namespace: string
  readonly author: string
  readonly contentType: string
}

async function writeAs({ cluster, kubeconfig }: TestSandbox, writer: Writer, body: object): Promise<void> {
  const { namespace, author, contentType } = writer
  const token = /token: "?([^"\n]+)"?/.exec(kubeconfig)?.[1] ?? ''
  const answer = await cluster.handle({
    method: 'PATCH',
    path: `/api/v1/namespaces/${namespace}/secrets/regcred`,
    query: new URLSearchParams({ fieldManager: author }),
    headers: { authorization: `Bearer ${token}`, 'content-type': contentType },
    body: Buffer.from(JSON.stringify(body)),
    signal: new AbortController().signal,
  })
  assert.equal(answer.status, 200)
}
