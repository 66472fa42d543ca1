import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import { printRemovals } from '../../../src/commands/trust/destroy-report.ts'
import { SecretRegister } from '../../../src/text/secret-register.ts'
import { startTestSandbox } from '../../support/start-test-sandbox.ts'
import { account, accountPolicy, heldBy, pool, resultsOf, runTrust } from './run-trust.ts'

const apply = ['apply', '--yes']
const destroy = ['destroy', '--yes']

suite('trust destroy', { concurrency: 4 }, () => {
  test('removes everything that apply created, also after the response to a deletion was lost', async (t) => {
    const sandbox = await startTestSandbox(t, { trust: 'absent' })
    await runTrust(sandbox, apply)
    const when = ({ method }: { readonly method: string }) => method === 'DELETE'
    sandbox.gcp.parts.iam.faults.inject({ kind: 'reset', at: 'response' }, { when, times: 1 })
    const run = await runTrust(sandbox, destroy)

    assert.equal(run.exitCode, 0, run.stderr)
    assert.deepEqual(resultsOf(run), ['deleted', 'deleted', 'deleted', 'deleted', 'deleted'])
    const held = heldBy(sandbox)
    assert.deepEqual([held.accountPolicy, held.repositoryPolicy, held.account], [[], [], undefined])
    assert.deepEqual([held.pool?.state, held.provider?.state], ['DELETED', 'DELETED'])
    assert.deepEqual(
      Object.keys(held.record ?? {}).filter((key) => !key.startsWith('account-')),
      [],
    )
    assert.match(run.stdout, /^note: .*\/pool: Google keeps it, and its ID, for 30 days/m)
  })

  test('with --dry-run shows what would be deleted and kept, without a terminal, and changes nothing', async (t) => {
    const sandbox = await startTestSandbox(t, { trust: 'absent' })
    await runTrust(sandbox, apply)
    const before = heldBy(sandbox)
    const run = await runTrust(sandbox, ['destroy', '--dry-run'])

    assert.deepEqual([run.exitCode, run.stderr], [0, ''])
    assert.deepEqual(resultsOf(run), ['would-delete', 'would-delete', 'would-delete', 'would-delete', 'would-delete'])
    assert.match(run.stdout, /^Dry run: nothing was deleted\.$/m)
    assert.deepEqual(heldBy(sandbox), before)
  })

  test('with --dry-run shows what others use, and keeps the record of what was deleted', async (t) => {
    const sandbox = await startTestSandbox(t, { trust: 'absent' })
    await runTrust(sandbox, apply)
    sandbox.gcp.policies.allow(accountPolicy, 'roles/iam.serviceAccountUser', 'user:other@example.com')
    sandbox.gcp.policies.write(sandbox.gcp.repository, [])
    const before = heldBy(sandbox)
    const foretold = await runTrust(sandbox, ['destroy', '--dry-run'])
    assert.deepEqual(resultsOf(foretold), ['absent', 'would-delete', 'kept', 'would-delete', 'would-delete'])
    assert.deepEqual(heldBy(sandbox), before)
    assert.deepEqual(resultsOf(await runTrust(sandbox, destroy)), ['absent', 'deleted', 'kept', 'deleted', 'deleted'])
  })

  test('finds nothing in a second run', async (t) => {
    const sandbox = await startTestSandbox(t, { trust: 'absent' })
    await runTrust(sandbox, apply)
    await runTrust(sandbox, destroy)
    const run = await runTrust(sandbox, destroy)

    assert.deepEqual([run.exitCode, run.stderr], [0, ''])
    assert.deepEqual(resultsOf(run), ['absent', 'absent', 'absent', 'absent', 'absent'])
  })

  test('keeps what existed before apply, although apply needed it', async (t) => {
    const sandbox = await startTestSandbox(t)
    await runTrust(sandbox, apply)
    const before = heldBy(sandbox)
    const run = await runTrust(sandbox, destroy)

    assert.equal(run.exitCode, 0, run.stderr)
    assert.deepEqual(resultsOf(run), ['kept', 'kept', 'kept', 'kept', 'kept'])
    assert.deepEqual(heldBy(sandbox), before)
  })

  test('leaves what others hold: members of the policies, and a pool with other providers', async (t) => {
    const sandbox = await startTestSandbox(t, { trust: 'absent' })
    await runTrust(sandbox, apply)
    sandbox.gcp.policies.allow(accountPolicy, 'roles/iam.serviceAccountUser', 'user:other@example.com')
    sandbox.gcp.policies.allow(sandbox.gcp.repository, 'roles/artifactregistry.reader', 'user:other@example.com')
    sandbox.gcp.identity.putProvider({ name: `${pool}/providers/other`, issuerUri: 'https://other.example.com' })
    const run = await runTrust(sandbox, destroy)

    assert.equal(run.exitCode, 0, run.stderr)
    assert.deepEqual(resultsOf(run), ['deleted', 'deleted', 'kept', 'deleted', 'kept'])
    const held = heldBy(sandbox)
    assert.deepEqual(held.accountPolicy, [
      { role: 'roles/iam.serviceAccountUser', members: ['user:other@example.com'] },
    ])
    assert.deepEqual(held.repositoryPolicy, [
      { role: 'roles/artifactregistry.reader', members: ['user:other@example.com'] },
    ])
    assert.ok(run.stdout.includes(`\nnote: ${account}: one other may still act as it\n`))
    assert.ok(run.stdout.includes(`\nnote: ${pool}: it contains other providers: ${pool}/providers/other`))
  })

  test('believes no record that names what the document does not need', async (t) => {
    const sandbox = await startTestSandbox(t, { trust: 'absent' })
    await runTrust(sandbox, apply)
    sandbox.gcp.policies.allow(accountPolicy, 'roles/iam.serviceAccountAdmin', 'user:owner@example.com')
    const planted = { role: 'roles/iam.serviceAccountAdmin', on: account, member: 'user:owner@example.com' }
    const found = sandbox.cluster.store.read('ConfigMap', 'image-system', 'pullpass-trust')
    sandbox.cluster.seed({
      apiVersion: 'v1',
      kind: 'ConfigMap',
      metadata: { namespace: 'image-system', name: 'pullpass-trust' },
      data: { ...Object(found?.['data']), 'grant-0000000000000000': JSON.stringify(planted) },
    })
    const run = await runTrust(sandbox, destroy)

    assert.equal(run.exitCode, 0, run.stderr)
    assert.deepEqual(heldBy(sandbox).accountPolicy, [
      { role: 'roles/iam.serviceAccountAdmin', members: ['user:owner@example.com'] },
    ])
  })

  test('without a terminal and without --yes removes nothing', async (t) => {
    const sandbox = await startTestSandbox(t)
    const run = await runTrust(sandbox, ['destroy'])

    assert.equal(run.exitCode, 2)
    assert.match(run.stderr, /^USAGE_INVALID \(run\): trust destroy requires confirmation/)
    assert.match(run.stderr, /^ {2}expected --yes, which deletes without confirmation$/m)
    assert.match(run.stderr, /: pullpass trust destroy -f \S+\/trust\.yaml --dry-run$/m)
  })

  test('reports the missing permission, and removes the rest', async (t) => {
    const sandbox = await startTestSandbox(t, { trust: 'absent' })
    await runTrust(sandbox, apply)
    sandbox.gcp.operators.withhold('iam.workloadIdentityPoolProviders.delete')
    const run = await runTrust(sandbox, destroy)

    assert.equal(run.exitCode, 1)
    assert.deepEqual(resultsOf(run), ['deleted', 'deleted', 'deleted', 'failed', 'kept'])
    assert.match(run.stderr, /^ {2}expected the operator to have iam\.workloadIdentityPoolProviders\.delete, which /m)
  })

  test('that did not finish is reported as failed to programs', async () => {
    const printed: string[] = []
    const terminal = { print: (text: string) => void printed.push(text), color: 'never' } as const
    for (const result of ['unfinished', 'not-started', 'failed', 'declined'] as const) {
      const removed = { vendor: 'gcp', kind: 'pool', name: 'pool' } as const
      const removals = [{ ...removed, result: 'removed' } as const, { ...removed, name: 'other', result }]
      await printRemovals(removals, [], {
        flags: { output: 'json', 'dry-run': false },
        context: { secrets: new SecretRegister() },
        terminal,
      })
      const { result: whole }: { result: string } = JSON.parse(printed.pop() ?? '')
      assert.equal(whole, 'failed', result)
    }
  })
})
