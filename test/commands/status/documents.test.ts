import assert from 'node:assert/strict'
import { once } from 'node:events'
import { suite, test } from 'node:test'
import { parse } from 'yaml'
import { writePullSecret, writeResource } from '../../controller/custom-resource.ts'
import { documentText } from '../../support/document-text.ts'
import { runPullpass } from '../../support/run-pullpass.ts'
import { spawnPullpass } from '../../support/spawn-pullpass.ts'
import { startTestSandbox, type TestSandbox } from '../../support/start-test-sandbox.ts'
import { seedSecret, startStatusSandbox } from './status-sandbox.ts'

const rowOf = (stdout: string, secret: RegExp) => stdout.split('\n').find((line) => secret.test(line)) ?? ''

suite('pullpass status -f', () => {
  test('reports what documents select: missing, of another owner, and in a namespace that does not exist', async (t) => {
    const sandbox = await startTestSandbox(t, { namespaces: ['team-a', 'team-b', 'team-c'] })
    const file = await sandbox.write('pull.yaml', documentText(sandbox, { include: ['team-a'] }))
    await runPullpass(sandbox, ['refresh', '-f', file])
    await sandbox.write('pull.yaml', documentText(sandbox, { include: ['team-*', 'later'] }))
    seedSecret(sandbox, 'regcred', {})
    const { exitCode, stdout } = await runPullpass(sandbox, ['status', '-f', file])
    assert.equal(exitCode, 1)
    assert.match(rowOf(stdout, /^team-a/), / fresh +in 60 min/)
    assert.match(
      rowOf(stdout, /^team-b/),
      / unknown .* SECRET_NOT_OURS: Secret team-b\/regcred is managed by another client, not for ClusterPullSecret\/pull/,
    )
    assert.match(
      rowOf(stdout, /^team-c/),
      / missing .* SECRET_NOT_FOUND: Secret team-c\/regcred of ClusterPullSecret\/pull does not exist/,
    )
    assert.match(
      rowOf(stdout, /^later/),
      / missing .* NAMESPACE_NOT_FOUND: namespace later, which ClusterPullSecret\/pull names, does not exist/,
    )
    assert.match(
      stdout,
      /^4 pull secrets: 1 fresh, 1 unknown, 2 missing; 3 have a problem\.\nNAMESPACE_NOT_FOUND \(1 pull secret\): /m,
    )
    assert.ok(stdout.includes(`pullpass doctor -f ${file} finds out why it was not written\n`), stdout)
    assert.ok(stdout.includes(`or once pullpass refresh -f ${file} --adopt\n`), stdout)
    const scoped = await runPullpass(sandbox, ['status', '-f', file, '-n', 'team-c', '-o', 'json'])
    const { secrets, clusters } = parse(scoped.stdout)
    assert.deepEqual(
      secrets.map(({ namespace, result, document }: Record<string, string>) => [namespace, result, document]),
      [['team-c', 'missing', 'ClusterPullSecret/pull']],
    )
    assert.equal(clusters[0].counts.missing, 1)
  })

  test('shows a Secret that its document does not select any more as unused, without a problem', async (t) => {
    const sandbox = await startTestSandbox(t, { namespaces: ['team-a', 'team-b'] })
    const file = await sandbox.write('pull.yaml', documentText(sandbox, { include: ['team-a', 'team-b'] }))
    await runPullpass(sandbox, ['refresh', '-f', file])
    await sandbox.write(
      'pull.yaml',
      documentText(sandbox, { include: ['team-a'] }).replace('secretName: regcred', 'secretName: renamed'),
    )
    await runPullpass(sandbox, ['refresh', '-f', file])
    const { exitCode, stdout } = await runPullpass(sandbox, ['status', '-f', file])
    assert.equal(exitCode, 0, stdout)
    assert.match(
      rowOf(stdout, /^team-a +regcred/),
      / unused .* note: ClusterPullSecret\/pull does not select it any more/,
    )
    assert.match(stdout, /^3 pull secrets: 1 fresh, 2 unused; none has a problem\.$/m)
    sandbox.clock.advance('2 h')
    const later = await runPullpass(sandbox, ['status', '-f', file])
    assert.match(later.stdout, /^3 pull secrets: 1 expired, 2 unused; 1 has a problem\.$/m)
  })

  test('notes that a Secret has no entry of the document as it is now', async (t) => {
    const sandbox = await startTestSandbox(t, { namespaces: ['team-a'] })
    const file = await sandbox.write('pull.yaml', documentText(sandbox, { include: ['team-a'] }))
    await runPullpass(sandbox, ['refresh', '-f', file])
    const before = await runPullpass(sandbox, ['status', '-f', file])
    assert.doesNotMatch(rowOf(before.stdout, /^team-a/), /note: /)
    const registries = { google: { host: 'europe-docker.pkg.dev', account: 'none' } }
    await sandbox.write('pull.yaml', documentText(sandbox, { include: ['team-a'], registries }))
    const { stdout } = await runPullpass(sandbox, ['status', '-f', file])
    assert.match(rowOf(stdout, /^team-a/), / fresh .* note: no entry of the document as it is now for google: /)
  })
})

suite('pullpass status', () => {
  test('shows custom resources that are not ready, or that no controller has evaluated; all with -o wide', async (t) => {
    const sandbox = await startResources(t)
    const { exitCode, stdout } = await runPullpass(sandbox, ['status'])
    assert.equal(exitCode, 1)
    assert.match(stdout, /^DOCUMENT .*READY +NAMESPACES +EXPIRES +REASON$/m)
    assert.match(
      stdout,
      /^ClusterPullSecret\/failing +False +1 of 3 fresh +in 30 min +WriteFailed: 2 namespaces fail$/m,
    )
    assert.match(stdout, /^ClusterPullSecret\/new +Unknown +- +- +NotEvaluated: no controller has evaluated /m)
    assert.doesNotMatch(stdout, /ClusterPullSecret\/fine/)
    const wide = await runPullpass(sandbox, ['status', '-o', 'wide'])
    assert.match(wide.stdout, /^ClusterPullSecret\/fine +True +3 of 3 fresh +in 30 min +Fresh: valid$/m)
    const json = parse((await runPullpass(sandbox, ['status', '-o', 'json'])).stdout)
    assert.deepEqual(
      json.clusters[0].documents.map(({ name, ready, result }: Record<string, string>) => [name, ready, result]),
      [
        ['failing', 'False', 'failed'],
        ['fine', 'True', 'ok'],
        ['new', 'Unknown', 'failed'],
      ],
    )
    assert.match(stdout, /^No pull secrets; 2 of 3 custom resources are not ready\.$/m)
    const named = await runPullpass(sandbox, ['status', '--name', 'regcred'])
    assert.deepEqual([named.exitCode, named.stdout], [1, 'No pull secrets.\n'])
    assert.match(named.stderr, /^SECRET_NOT_FOUND /)
  })

  test('shows the PullSecrets of the namespaces of -n, and no ClusterPullSecret', async (t) => {
    const sandbox = await startResources(t)
    for (const namespace of ['team-a', 'team-b']) writePullSecret(sandbox, { namespace })
    for (const flags of [[], ['--problems']]) {
      const { exitCode, stdout } = await runPullpass(sandbox, ['status', '-n', 'team-a', ...flags])
      assert.equal(exitCode, 1)
      assert.match(stdout, /^PullSecret\/team-a\/pull +Unknown +- +- +NotEvaluated: /m)
      assert.match(stdout, /^No pull secrets; 1 of 1 custom resource is not ready\.$/m)
      assert.match(
        stdout,
        /^NotEvaluated \(1 custom resource\): check that a controller runs that uses custom resources \(for PullSecrets with --tenant-service-account\): kubectl get pods /m,
      )
      assert.doesNotMatch(stdout, /ClusterPullSecret|team-b/)
    }
  })

  test('states that a namespace of -n does not exist, with exit code 1; -A is the default', async (t) => {
    const sandbox = await startStatusSandbox(t)
    const typo = await runPullpass(sandbox, ['status', '-n', 'team-a', '-n', 'temp-b'])
    assert.equal(typo.exitCode, 1)
    assert.match(typo.stdout, /^1 pull secret: 1 fresh; none has a problem\.$/m)
    assert.match(typo.stderr, /^NAMESPACE_NOT_FOUND \(kubernetes\): namespace temp-b does not exist\n/)
    const [all, plain] = [await runPullpass(sandbox, ['status', '-A']), await runPullpass(sandbox, ['status'])]
    assert.deepEqual([all.exitCode, all.stdout], [0, plain.stdout])
    const both = await runPullpass(sandbox, ['status', '-A', '-n', 'team-a'])
    assert.deepEqual([both.exitCode, /--all-namespaces is given with --namespace/.test(both.stderr)], [2, true])
  })

  test('does not take a Secret as fresh whose annotation names no registry', async (t) => {
    const sandbox = await startStatusSandbox(t)
    const stored = sandbox.cluster.store.read('Secret', 'team-a', 'regcred') ?? assert.fail()
    const annotations = { ...stored.metadata.annotations, 'pullpass.dev/registries': '{}' }
    sandbox.cluster.seed({ ...stored, metadata: { ...stored.metadata, annotations } })
    const { exitCode, stdout } = await runPullpass(sandbox, ['status', '-n', 'team-a'])
    assert.equal(exitCode, 1)
    assert.match(rowOf(stdout, /^team-a/), / unknown .* SECRET_EDITED: another client changed its annotations/)
  })

  test('with --watch ends with exit code 0 when its reader closes the pipe, as head does', async (t) => {
    const sandbox = await startStatusSandbox(t)
    const { child, ended } = spawnPullpass(['status', '--watch'], sandbox.environment)
    t.after(() => child.kill('SIGKILL'))
    assert.ok(child.stdout)
    await once(child.stdout, 'data')
    child.stdout.destroy()
    seedSecret(sandbox, 'another', {})
    const { exitCode, stderr } = await ended
    assert.deepEqual([exitCode, stderr], [0, ''])
  })
})

async function startResources(t: Parameters<typeof startTestSandbox>[0]): Promise<TestSandbox> {
  const sandbox = await startTestSandbox(t, { namespaces: ['team-a'] })
  sandbox.cluster.installDefinitions()
  const ready = (status: 'True' | 'False', reason: string, message: string) => ({
    conditions: [{ type: 'Ready', status, reason, message, observedGeneration: 1 }],
    namespaces: { selected: 3, fresh: status === 'True' ? 3 : 1, failing: 0 },
    expiresAt: '2026-11-24T12:30:00Z',
  })
  const statuses = {
    failing: ready('False', 'WriteFailed', '2 namespaces fail'),
    fine: ready('True', 'Fresh', 'valid'),
  }
  for (const [name, status] of Object.entries({ ...statuses, new: undefined })) {
    const stored = writeResource(sandbox, { name })
    if (status !== undefined) sandbox.cluster.seed({ ...stored, status })
  }
  return sandbox
}
