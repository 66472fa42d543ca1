import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import { parse } from 'yaml'
import { runPullpass } from '../../support/run-pullpass.ts'
import type { TestSandbox } from '../../support/start-test-sandbox.ts'
import { seedSecret, startStatusSandbox } from './status-sandbox.ts'

suite('pullpass status', () => {
  test('shows every pull secret, of any owner, by its metadata', async (t) => {
    const sandbox = await startStatusSandbox(t)
    const annotations = { ...sandbox.cluster.store.read('Secret', 'team-a', 'regcred')?.metadata.annotations }
    seedSecret(sandbox, 'replica', { creationTimestamp: '2026-11-24T12:00:00Z', annotations })
    sandbox.clock.advance('12 min')
    const before = sandbox.parts.kubernetes.seen.length

    const { exitCode, stdout, stderr } = await runPullpass(sandbox, ['status'])

    assert.equal(stderr, '')
    assert.equal(
      stdout,
      [
        'NAMESPACE  NAME     REGISTRIES  STATE    EXPIRES    REFRESHED   PROBLEM',
        'team-a     regcred  google      fresh    in 48 min  12 min ago',
        'team-b     mine     -           unknown  -          26 h ago',
        'team-b     regcred  google      fresh    in 48 min  12 min ago',
        'team-b     replica  -           unknown  -          -           note: it is a copy of team-a/regcred, not written by pullpass',
        '',
        '4 pull secrets: 2 fresh, 2 unknown; none has a problem.',
        '',
      ].join('\n'),
    )
    assert.equal(exitCode, 0)
    assert.deepEqual(
      sandbox.parts.kubernetes.seen.slice(before).map(({ path }) => path),
      ['/api/v1/secrets', '/apis/pullpass.dev/v1alpha1/clusterpullsecrets', '/apis/pullpass.dev/v1alpha1/pullsecrets'],
    )

    const wide = await runPullpass(sandbox, ['status', '-o', 'wide', '-n', 'team-b', '--name', 'regcred'])
    const host = `localhost:${sandbox.parts.registry.port}`
    assert.equal(
      wide.stdout.split('\n')[1],
      `team-b     regcred  google      fresh  in 48 min  12 min ago  pullpass:ClusterPullSecret:regcred  environment/regcred  ${host}  12 min ago`,
    )
  })

  test('exits 1 when one is overdue or expired, which --problems shows alone', async (t) => {
    const sandbox = await startStatusSandbox(t)
    const runs = async () => [
      await runPullpass(sandbox, ['status', '--problems']),
      await runPullpass(sandbox, ['status', '-o', 'json']),
    ]
    const [none] = await runs()
    assert.deepEqual([none?.exitCode, none?.stdout], [0, '3 pull secrets: 2 fresh, 1 unknown; none has a problem.\n'])

    sandbox.clock.advance('45 min')
    const [, due] = await runs()
    assert.equal(due?.exitCode, 0)
    assert.deepEqual(parse(due?.stdout ?? '').secrets[0], {
      namespace: 'team-a',
      name: 'regcred',
      result: 'due',
      document: 'environment/regcred',
      managers: ['pullpass:ClusterPullSecret:regcred'],
      registries: [
        {
          name: 'google',
          hosts: [`localhost:${sandbox.parts.registry.port}`],
          result: 'due',
          expiresAt: '2026-11-24T13:00:00Z',
          dueAt: '2026-11-24T12:40:00Z',
        },
      ],
      expiresAt: '2026-11-24T13:00:00Z',
      refreshedAt: '2026-11-24T12:00:00Z',
      writtenAt: '2026-11-24T12:00:00Z',
      createdAt: '2026-11-24T12:00:00Z',
      errors: [],
      notes: [],
    })

    sandbox.clock.advance('1 h')
    const [text, json] = await runs()
    assert.equal(text?.exitCode, 1)
    assert.equal(
      text?.stdout,
      [
        'NAMESPACE  NAME     REGISTRIES  STATE    EXPIRES     REFRESHED    PROBLEM',
        'team-a     regcred  google      expired  45 min ago  105 min ago  SECRET_EXPIRED: the credential of google expired at 2026-11-24T13:00:00Z',
        'team-b     regcred  google      expired  45 min ago  105 min ago  SECRET_EXPIRED: the credential of google expired at 2026-11-24T13:00:00Z',
        '',
        '3 pull secrets: 2 expired, 1 unknown; 2 have a problem.',
        'SECRET_EXPIRED (2 pull secrets): refresh it; pullpass doctor -f FILE finds out why that was not done in time',
        '',
      ].join('\n'),
    )
    const { result, clusters } = parse(json?.stdout ?? '')
    assert.deepEqual([json?.exitCode, result], [1, 'failed'])
    assert.deepEqual(clusters[0].counts, {
      fresh: 0,
      due: 0,
      expired: 2,
      unknown: 1,
      missing: 0,
      unused: 0,
      withErrors: 2,
    })
  })

  test('shows several contexts in one table; one that cannot be read does not stop the others', async (t) => {
    const sandbox = await startStatusSandbox(t)
    const run = await withContexts(sandbox)

    const { exitCode, stdout, stderr } = await run(
      '--context',
      'sandbox',
      '--context',
      'limited',
      '--context',
      'absent',
    )

    assert.equal(exitCode, 1)
    assert.match(
      stdout,
      /^CONTEXT {2}NAMESPACE {2}NAME {5}REGISTRIES {2}STATE {4}EXPIRES {4}REFRESHED {2}PROBLEM\nsandbox {2}team-a {5}regcred {2}google {6}fresh /,
    )
    assert.match(
      stderr,
      /^KUBERNETES_FORBIDDEN \(kubernetes\): context limited: the API server responded with 403 "secrets is forbidden: .*\n {2}expected the right to list secrets in the whole cluster\n {2}fix: grant list and watch on secrets in a ClusterRole, which allows reading every Secret; or only in some namespaces, with --namespace, or only for some names \(resourceNames\), with --name$/m,
    )
    assert.match(
      stderr,
      /^KUBERNETES_UNREACHABLE \(kubernetes\): context absent: the API server at https:\/\/127\.0\.0\.1:1 did not respond: /m,
    )

    const named = await run('--context', 'limited', '--name', 'regcred', '-o', 'json')
    assert.equal(named.exitCode, 0, named.stderr)
    assert.deepEqual(
      parse(named.stdout).secrets.map((one: object) => Object.values(one).slice(0, 4)),
      [
        ['limited', 'team-a', 'regcred', 'fresh'],
        ['limited', 'team-b', 'regcred', 'fresh'],
      ],
    )
    const alone = await run('--context', 'limited')
    assert.deepEqual([alone.exitCode, alone.stdout], [1, ''])

    const scoped = await run('--context', 'sandbox', '--context', 'absent', '-n', 'team-b', '-o', 'json')
    const { clusters, secrets } = parse(scoped.stdout)
    const results = clusters.map(({ context, result }: Record<string, string>) => `${context}: ${result}`)
    assert.deepEqual([scoped.exitCode, results, secrets.length], [1, ['sandbox: ok', 'absent: failed'], 2])
    assert.match(scoped.stderr, /^KUBERNETES_UNREACHABLE \(kubernetes\): context absent: the API server at /)

    const unknown = await run('--context', 'sandbox', '--context', 'sandbx')
    assert.deepEqual([unknown.exitCode, unknown.stdout], [2, ''])
    assert.match(unknown.stderr, /has no context "sandbx"/)
    const twice = await run('--context', 'sandbox', '--context', 'sandbox')
    assert.deepEqual([twice.exitCode, /--context sandbox is given twice/.test(twice.stderr)], [2, true])
  })

  test('exits 1 when no pull secret has a name of --name', async (t) => {
    const sandbox = await startStatusSandbox(t)
    const { exitCode, stdout, stderr } = await runPullpass(sandbox, ['status', '--name', 'regcred', '--name', 'regcrd'])
    assert.equal(exitCode, 1)
    assert.match(stdout, /^2 pull secrets: 2 fresh; none has a problem\.$/m)
    assert.match(stderr, /^SECRET_NOT_FOUND \(kubernetes\): no pull secret is named regcrd\n/)
  })
})

/** Further contexts: `limited` may only list Secrets named regcred, `absent` has no server. */
async function withContexts(sandbox: TestSandbox) {
  const token = await sandbox.cluster.signServiceAccountToken({
    namespace: 'image-system',
    name: 'pullpass',
    audiences: [sandbox.cluster.issuer],
    lifeSeconds: 24 * 3600,
  })
  sandbox.cluster.authorization.permit('system:serviceaccount:image-system:pullpass', [
    { verbs: ['list'], resources: ['secrets'], resourceNames: ['regcred'] },
  ])
  const config = parse(sandbox.kubeconfig)
  config.users.push({ name: 'limited', user: { token } })
  config.clusters.push({ name: 'absent', cluster: { server: 'https://127.0.0.1:1' } })
  config.contexts.push(
    { name: 'limited', context: { cluster: 'sandbox', user: 'limited' } },
    { name: 'absent', context: { cluster: 'absent', user: 'limited' } },
  )
  const file = await sandbox.write('contexts.json', JSON.stringify(config))
  // Retries end by the clock.
  const sleep = async (ms: number, signal: AbortSignal) => {
    if (ms >= 60_000) await new Promise((_, reject) => signal.addEventListener('abort', () => reject(signal.reason)))
    sandbox.clock.advance('2 s')
  }
  return async (...words: string[]) => await runPullpass(sandbox, ['status', '--kubeconfig', file, ...words], { sleep })
}
