import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import { PullpassError } from '../../../src/errors/pullpass-error.ts'
import { documentText } from '../../support/document-text.ts'
import { readPullSecret } from '../../support/read-pull-secret.ts'
import { runPullpass } from '../../support/run-pullpass.ts'
import { startTestSandbox, type TestSandbox } from '../../support/start-test-sandbox.ts'
import { faults, many, patches, type Report, refreshMany } from './many.ts'

// All faults: the .matrix file.
suite('every Secret of 200 namespaces is written once, though the API server', () => {
  for (const name of ['throttles some applies', 'goes away, and refuses an apply']) {
    test(name, async (t) => {
      await refreshMany(await startTestSandbox(t, { namespaces: many }), faults[name] ?? assert.fail())
    })
  }
})

suite('a run that is interrupted during 200 namespaces', () => {
  const ended = (code: 'INTERRUPTED' | 'TIMED_OUT') =>
    new PullpassError({ code, hop: 'run', seen: 'the run was ended by SIGTERM', retryable: true })

  test('finishes applies in flight, and reports what was not done', async (t) => {
    const sandbox = await startTestSandbox(t, { namespaces: many })
    const file = await sandbox.write('many.yaml', documentText(sandbox, { include: ['ns-*'] }))
    const interrupt = new AbortController()
    let applies = 0
    sandbox.parts.kubernetes.faults.inject(
      { kind: 'latency', ms: 1 },
      {
        when: ({ method }) => {
          if (method === 'PATCH' && ++applies === 60) interrupt.abort(ended('INTERRUPTED'))
          return method === 'PATCH'
        },
      },
    )
    const options = { signal: interrupt.signal }
    const { exitCode, stdout, stderr } = await runPullpass(sandbox, ['refresh', '-f', file, '-o', 'json'], options)

    const { secrets }: Report = JSON.parse(stdout)
    const written = secrets.filter(({ result }) => result === 'created').map(({ namespace }) => namespace)
    const failed = secrets.filter(({ result }) => result === 'failed')
    assert.ok(written.length >= 60 && written.length <= 110, `${written.length} were written`)
    assert.equal(failed.length, 200 - written.length)
    assert.ok(failed.every(({ error }) => error?.code === 'INTERRUPTED'))
    const stored = sandbox.cluster.store.list('Secret').map(({ metadata }) => metadata.namespace)
    assert.deepEqual(stored, written.toSorted())
    assert.equal(exitCode, 1)
    assert.match(
      stderr,
      new RegExp(`^INTERRUPTED \\(run\\): the run was ended by SIGTERM\n {2}affects ${failed.length} namespaces: ns-`),
    )
  })

  test('by --timeout does the same', async (t) => {
    const sandbox = await startTestSandbox(t, { namespaces: many })
    const file = await sandbox.write('many.yaml', documentText(sandbox, { include: ['ns-*'] }))
    const sleep = async (ms: number, signal: AbortSignal) => {
      if (ms !== 20_000) return
      await sandbox.parts.kubernetes.whenSeen(({ method }) => method === 'PATCH', 20)
      signal.throwIfAborted()
    }
    const { exitCode, stderr } = await runPullpass(sandbox, ['refresh', '-f', file, '--timeout', '20s'], { sleep })
    assert.equal(exitCode, 1)
    assert.match(stderr, /^TIMED_OUT \(run\): the run did not end within 20s\n/)
    assert.match(stderr, /\n {2}affects \d+ namespaces: /)
    assert.ok(sandbox.cluster.store.list('Secret').length >= 20)
  })
})

test('an unreachable API server ends the run after retries, with its address', async (t) => {
  const sandbox = await startTestSandbox(t)
  const file = await sandbox.write('pull.yaml', documentText(sandbox))
  await sandbox.parts.kubernetes.close()
  const sleep = async (ms: number, signal: AbortSignal) => {
    if (ms > 60_000)
      await new Promise((resolve) => signal.addEventListener('abort', resolve)) // until the timeout of the run
    else sandbox.clock.advance(`${Math.ceil(ms / 1000)} s`)
  }
  const { exitCode, stdout, stderr } = await runPullpass(sandbox, ['refresh', '-f', file], { sleep })
  assert.deepEqual([exitCode, stdout], [1, ''])
  assert.match(
    stderr,
    /^KUBERNETES_UNREACHABLE \(kubernetes\): the API server at https:\S+ did not respond: connect ECONNREFUSED 127\.0\.0\.1:\d+\n/,
  )
})

suite('namespaces that cannot be written', () => {
  test('fail alone, each with its reason, while the others are written', async (t) => {
    const sandbox = await startTestSandbox(t, { namespaces: ['team-a', 'team-b', 'closed', 'ending'] })
    const { cluster } = sandbox
    cluster.authorization.forbid({ verbs: ['patch'], resources: ['secrets'], namespace: 'closed' })
    endNamespace(sandbox, 'ending')
    const include = ['team-a', 'gone', 'closed', 'ending', 'team-b']
    const file = await sandbox.write('pull.yaml', documentText(sandbox, { include }))
    const { exitCode, stdout, stderr } = await runPullpass(sandbox, ['refresh', '-f', file])
    assert.equal(exitCode, 1)
    assert.equal(
      stderr,
      [
        'NAMESPACE_NOT_FOUND (kubernetes): namespace gone does not exist',
        '  expected a namespace that exists',
        '  fix: correct the name, or create the namespace: kubectl create namespace gone',
        'KUBERNETES_FORBIDDEN (kubernetes): the API server responded with 403 "secrets "regcred" is forbidden: User "kubernetes-admin" cannot patch resource "secrets" in API group "" in the namespace "closed""',
        '  expected the right to patch Secret closed/regcred',
        '  fix: grant the rule {apiGroups: [""], resources: [secrets], resourceNames: [regcred], verbs: [patch]} in a ClusterRole, or in a Role of closed; pullpass manifests -f FILE prints all rules that a document needs',
        '',
      ].join('\n'),
    )
    assert.match(stdout, /ending\/regcred +google +skipped .* the namespace is being deleted\n/)
    for (const namespace of ['team-a', 'team-b']) assert.ok(readPullSecret(sandbox, namespace))
    assert.equal(readPullSecret(sandbox, 'closed'), undefined)
  })

  test('are reported for a document with globs before any request for them', async (t) => {
    const sandbox = await startTestSandbox(t, { namespaces: ['team-a', 'team-b', 'ending'] })
    endNamespace(sandbox, 'ending')
    const include = ['team-*', 'gone', 'ending']
    const file = await sandbox.write('pull.yaml', documentText(sandbox, { include }))
    const { exitCode, stdout, stderr } = await runPullpass(sandbox, ['refresh', '-f', file])
    assert.equal(exitCode, 1)
    assert.match(
      stderr,
      /^NAMESPACE_NOT_FOUND \(kubernetes\): namespace gone does not exist, and .*pull\.yaml:1 names it\n/,
    )
    assert.match(stdout, /ending\/regcred +skipped +the namespace is being deleted\n/)
    assert.equal(
      patches(sandbox).some(({ path }) => /gone|ending/.test(path)),
      false,
    )
  })

  test('that are being deleted do not change the exit code', async (t) => {
    const sandbox = await startTestSandbox(t, { namespaces: ['team-a', 'ending'] })
    endNamespace(sandbox, 'ending')
    const file = await sandbox.write('pull.yaml', documentText(sandbox, { include: ['team-a', 'ending'] }))
    const { exitCode, stderr } = await runPullpass(sandbox, ['refresh', '-f', file])
    assert.deepEqual([exitCode, stderr], [0, ''])
  })

  test('without read access: one of many fails alone where rights are granted per namespace', async (t) => {
    const teams = ['team-a', 'team-b', 'team-c', 'team-d', 'team-e', 'closed']
    const sandbox = await startTestSandbox(t, { namespaces: teams })
    sandbox.cluster.authorization.permit(
      'kubernetes-admin',
      teams
        .filter((namespace) => namespace !== 'closed')
        .map((namespace) => ({ verbs: ['list', 'create', 'patch'], resources: ['secrets'], namespace })),
    )
    const file = await sandbox.write('pull.yaml', documentText(sandbox, { include: teams }))
    const { exitCode, stderr } = await runPullpass(sandbox, ['refresh', '-f', file])
    assert.equal(exitCode, 1)
    assert.match(
      stderr,
      /^KUBERNETES_FORBIDDEN \(kubernetes\): .*\n {2}expected the right to list Secret closed\/regcred\n/,
    )
    assert.doesNotMatch(stderr, /team-/)
    assert.equal(sandbox.cluster.store.list('Secret').length, 5)
  })
})

/** As the API shows a namespace whose content is still being deleted. */
function endNamespace({ cluster }: TestSandbox, name: string): void {
  const namespace = cluster.store.read('Namespace', '', name)
  assert.ok(namespace)
  const metadata = { ...namespace.metadata, deletionTimestamp: '2026-11-24T11:59:00Z' }
  cluster.store.put({ ...namespace, metadata, status: { phase: 'Terminating' } })
}
