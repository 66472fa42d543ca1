import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import { documentText } from '../../support/document-text.ts'
import { readPullSecret } from '../../support/read-pull-secret.ts'
import { runPullpass } from '../../support/run-pullpass.ts'
import { startTestSandbox, type TestSandbox } from '../../support/start-test-sandbox.ts'
import { applyAs, dockerConfigData, patchAs } from './write-as.ts'

suite('pullpass refresh, of an edited Secret', () => {
  test('an edited credential is restored, and the field manager of the edit is reported', async (t) => {
    const sandbox = await startTestSandbox(t)
    const file = await sandbox.write('pull.yaml', documentText(sandbox))
    await runPullpass(sandbox, ['refresh', '-f', file])
    const data = dockerConfigData('europe-docker.pkg.dev', 'by:hand')
    await patchAs(sandbox, 'team-a', 'kubectl-edit', { data })
    const { exitCode, stdout } = await runPullpass(sandbox, ['refresh', '-f', file])
    assert.equal(exitCode, 0)
    assert.match(stdout, /team-a\/regcred +google +updated .* it had been changed by kubectl-edit, and was restored\n/)
    assert.match(readPullSecret(sandbox, 'team-a')?.auths['europe-docker.pkg.dev'] ?? '', /^oauth2accesstoken:ya29\./)
  })

  test('an edited annotation is restored, and the field manager of the edit is reported once', async (t) => {
    const sandbox = await startTestSandbox(t)
    const file = await sandbox.write('pull.yaml', documentText(sandbox))
    await runPullpass(sandbox, ['refresh', '-f', file])
    await patchAs(sandbox, 'team-a', 'kubectl-annotate', { metadata: { annotations: claimAhead(sandbox, 11) } })
    const { exitCode, stdout, stderr } = await runPullpass(sandbox, ['refresh', '-f', file])
    assert.deepEqual([exitCode, stderr], [0, ''])
    assert.match(
      stdout,
      /team-a\/regcred +google +updated .* it had been changed by kubectl-annotate, and was restored\n/,
    )
    assert.equal(
      readPullSecret(sandbox, 'team-a')?.annotations['pullpass.dev/registries'],
      readPullSecret(sandbox, 'team-b')?.annotations['pullpass.dev/registries'],
    )
    assert.doesNotMatch((await runPullpass(sandbox, ['refresh', '-f', file])).stdout, /had been changed/)
  })

  test('a credential that another field manager co-owns, unchanged, is updated, and the manager is reported', async (t) => {
    const sandbox = await startTestSandbox(t)
    const file = await sandbox.write('pull.yaml', documentText(sandbox))
    await runPullpass(sandbox, ['refresh', '-f', file])
    const held = sandbox.cluster.store.read('Secret', 'team-a', 'regcred')
    await applyAs(sandbox, 'team-a', 'restore', { type: held?.['type'], data: held?.['data'] })
    const { exitCode, stdout } = await runPullpass(sandbox, ['refresh', '-f', file])
    assert.equal(exitCode, 0)
    assert.match(stdout, /team-a\/regcred +google +updated .* it had been changed by restore, and was restored\n/)
  })

  test('annotations that another field manager co-owns, unchanged, are updated, and no edit is reported', async (t) => {
    const sandbox = await startTestSandbox(t)
    const file = await sandbox.write('pull.yaml', documentText(sandbox))
    await runPullpass(sandbox, ['refresh', '-f', file])
    const { annotations } = readPullSecret(sandbox, 'team-a') ?? {}
    await applyAs(sandbox, 'team-a', 'restore', { metadata: { annotations }, type: 'kubernetes.io/dockerconfigjson' })
    sandbox.clock.advance('10 min')
    const { exitCode, stdout, stderr } = await runPullpass(sandbox, ['refresh', '-f', file])
    assert.deepEqual([exitCode, stderr], [0, ''])
    assert.match(stdout, /team-a\/regcred +google +updated +2026-11-24T13:10:00Z \(in 60 min\)\n/)
  })

  test('an expiry of another field manager is not kept with an entry that is kept', async (t) => {
    const sandbox = await startTestSandbox(t)
    const second = 'second@example-project.iam.gserviceaccount.com'
    sandbox.gcp.accounts.put(second)
    sandbox.gcp.accounts.allowTokens(second, sandbox.gcp.principal)
    const registries = {
      other: { host: 'us-docker.pkg.dev' },
      google: { host: 'europe-docker.pkg.dev', account: second },
    }
    const file = await sandbox.write('pull.yaml', documentText(sandbox, { include: ['team-a'], registries }))
    await runPullpass(sandbox, ['refresh', '-f', file])
    const before = readPullSecret(sandbox, 'team-a')
    await patchAs(sandbox, 'team-a', 'tenant', { metadata: { annotations: claimAhead(sandbox, 11) } })
    sandbox.gcp.accounts.denyTokens(second, sandbox.gcp.principal)
    const { exitCode, stdout } = await runPullpass(sandbox, ['refresh', '-f', file])
    assert.equal(exitCode, 1)
    assert.match(stdout, /team-a\/regcred +google +failed, kept +it had been changed by tenant/)
    const after = readPullSecret(sandbox, 'team-a')
    assert.equal(after?.auths['europe-docker.pkg.dev'], before?.auths['europe-docker.pkg.dev'])
    assert.equal(after?.annotations['pullpass.dev/expires-at'], '2026-11-24T13:00:00.000Z')
    assert.deepEqual(Object.keys(JSON.parse(after?.annotations['pullpass.dev/registries'] ?? '')), ['other'])
  })

  test('with --min-remaining, an edited annotation does not make a Secret fresh', async (t) => {
    const sandbox = await startTestSandbox(t)
    const file = await sandbox.write('pull.yaml', documentText(sandbox, { include: ['team-a'] }))
    await runPullpass(sandbox, ['refresh', '-f', file])
    await patchAs(sandbox, 'team-a', 'kubectl-annotate', { metadata: { annotations: claimAhead(sandbox, 11) } })
    const { stdout } = await runPullpass(sandbox, ['refresh', '-f', file, '--min-remaining', '30m'])
    assert.match(stdout, /team-a\/regcred +google +updated +2026-11-24T13:00:00Z/)
  })

  test('with --min-remaining, one Secret that is edited before each run costs one exchange a run', async (t) => {
    const sandbox = await startTestSandbox(t)
    const file = await sandbox.write('pull.yaml', documentText(sandbox))
    await runPullpass(sandbox, ['refresh', '-f', file])
    for (const exchanges of [2, 3]) {
      await patchAs(sandbox, 'team-a', 'tenant', { metadata: { annotations: { 'pullpass.dev/registries': '{}' } } })
      const { exitCode } = await runPullpass(sandbox, ['refresh', '-f', file, '--min-remaining', '30m'])
      assert.equal(exitCode, 0)
      assert.equal(sandbox.gcp.parts.sts.seen.length, exchanges)
    }
    await runPullpass(sandbox, ['refresh', '-f', file, '--min-remaining', '30m'])
    assert.equal(sandbox.gcp.parts.sts.seen.length, 3)
  })

  test('a tenant that writes under our field manager affects only its own namespace, for at most 12 h', async (t) => {
    const sandbox = await startTestSandbox(t)
    const file = await sandbox.write('pull.yaml', documentText(sandbox))
    const own = await sandbox.write('own.yaml', documentText(sandbox, { include: ['team-a'] }))
    const refresh = (from: string) => runPullpass(sandbox, ['refresh', '-f', from, '--min-remaining', '30m'])
    const forge = (hours: number) =>
      applyAs(sandbox, 'team-a', 'pullpass:ClusterPullSecret:pull', {
        metadata: { annotations: claimAhead(sandbox, hours), labels: { 'app.kubernetes.io/managed-by': 'pullpass' } },
        type: 'kubernetes.io/dockerconfigjson',
        data: dockerConfigData('europe-docker.pkg.dev', 'by:hand'),
      })
    await refresh(file)

    await forge(11)
    assert.match((await refresh(own)).stdout, /team-a\/regcred +google +unchanged /)
    sandbox.clock.advance('31 min')
    const late = await refresh(file)
    assert.deepEqual([late.exitCode, late.stderr], [0, ''])
    assert.match(late.stdout, /team-b\/regcred +google +updated +2026-11-24T13:31:00Z/)
    assert.match(readPullSecret(sandbox, 'team-a')?.auths['europe-docker.pkg.dev'] ?? '', /^oauth2accesstoken:ya29\./)

    await forge(13)
    assert.match((await refresh(own)).stdout, /team-a\/regcred +google +updated /)
  })
})

/** Our annotations of team-a's Secret, with an expiry in this number of hours. */
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
