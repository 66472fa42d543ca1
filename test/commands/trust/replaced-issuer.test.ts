import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import { markOf } from '../../../src/vendors/trust/marks.ts'
import { startTestSandbox, type TestSandbox } from '../../support/start-test-sandbox.ts'
import { account, heldBy, pool, provider, resultsOf, runTrust } from './run-trust.ts'

const old = ['--issuer', 'https://old.example.com']
const oldMark = markOf({ issuer: 'https://old.example.com' })
const replace = ['apply', '--yes', '--replace', 'issuer']
const destroy = ['destroy', '--yes']

/** Trust that was created for the previous issuer of the cluster. */
async function startWithOldIssuer(t: Parameters<typeof startTestSandbox>[0]): Promise<TestSandbox> {
  const sandbox = await startTestSandbox(t, { trust: 'absent' })
  await runTrust(sandbox, ['apply', '--yes', '--no-verify', ...old])
  assert.equal(heldBy(sandbox).account?.split(' ')[0], oldMark)
  return sandbox
}

/** Changes the description at Google, without pullpass. */
function describeProvider({ gcp: { identity } }: TestSandbox, description: string): void {
  const found = identity.read(provider)
  assert.ok(found)
  identity.write({ ...found, description })
}

suite('an issuer that was replaced', { concurrency: 4 }, () => {
  test('does not prevent destroy from removing what pullpass created for the previous issuer', async (t) => {
    const sandbox = await startWithOldIssuer(t)
    const replaced = await runTrust(sandbox, replace)
    assert.equal(replaced.exitCode, 0, replaced.stderr)
    const run = await runTrust(sandbox, destroy)

    assert.equal(run.exitCode, 0, run.stderr)
    assert.deepEqual(resultsOf(run), ['deleted', 'deleted', 'deleted', 'deleted', 'deleted'])
    const held = heldBy(sandbox)
    assert.deepEqual([held.pool?.state, held.provider?.state, held.account], ['DELETED', 'DELETED', undefined])
  })

  test('is shown in the plan, with the description of the provider, which keeps its mark', async (t) => {
    const sandbox = await startWithOldIssuer(t)
    const mark = markOf({ issuer: sandbox.cluster.issuer })
    const plan = await runTrust(sandbox, ['plan', '--replace', 'issuer'])
    assert.ok(
      plan.stdout.includes(`description becomes ${mark} ${oldMark} pulls images for the cluster of `),
      plan.stdout,
    )
    await runTrust(sandbox, replace)

    assert.ok(heldBy(sandbox).provider?.description?.startsWith(`${mark} ${oldMark} `))
    assert.equal((await runTrust(sandbox, ['plan', '--exit-code'])).exitCode, 0)
  })

  test('is recorded also if it is replaced twice, and back', async (t) => {
    const sandbox = await startWithOldIssuer(t)
    await runTrust(sandbox, [...replace, '--no-verify', '--issuer', 'https://between.example.com'])
    await runTrust(sandbox, replace)
    const run = await runTrust(sandbox, destroy)
    assert.deepEqual(resultsOf(run), ['deleted', 'deleted', 'deleted', 'deleted', 'deleted'])
  })

  test('a destroy that was interrupted after deleting the provider is continued by the next run', async (t) => {
    const sandbox = await startWithOldIssuer(t)
    await runTrust(sandbox, replace)
    sandbox.gcp.operators.withhold('iam.workloadIdentityPools.delete')
    sandbox.gcp.operators.withhold('iam.serviceAccounts.delete')
    await runTrust(sandbox, destroy)
    sandbox.gcp.operators.restore('iam.workloadIdentityPools.delete')
    sandbox.gcp.operators.restore('iam.serviceAccounts.delete')
    const run = await runTrust(sandbox, destroy)
    assert.deepEqual(resultsOf(run), ['absent', 'absent', 'deleted', 'absent', 'deleted'])
  })

  test('keeps a provider that others created, and everything else', async (t) => {
    const sandbox = await startWithOldIssuer(t)
    describeProvider(sandbox, 'made by hand')
    await runTrust(sandbox, replace)
    const run = await runTrust(sandbox, destroy)

    assert.equal(heldBy(sandbox).provider?.description, 'made by hand')
    assert.deepEqual(resultsOf(run), ['deleted', 'deleted', 'kept', 'kept', 'kept'])
    assert.ok(run.stdout.includes(`\nnote: ${provider}: pullpass did not create it\n`))
    assert.ok(run.stdout.includes(`\nnote: ${pool}: pullpass created it for another issuer: it carries ${oldMark}\n`))
  })

  test('a mark in a provider of another owner does not permit destroy to delete anything else', async (t) => {
    const sandbox = await startWithOldIssuer(t)
    sandbox.gcp.identity.putProvider({ name: provider, issuerUri: sandbox.cluster.issuer })
    describeProvider(sandbox, `by hand ${oldMark}`)
    const run = await runTrust(sandbox, destroy)

    assert.deepEqual(resultsOf(run), ['deleted', 'deleted', 'kept', 'kept', 'kept'])
    assert.notEqual(sandbox.gcp.accounts.find(account), undefined)
  })

  test('a forged mark in the record does not permit it either', async (t) => {
    const sandbox = await startWithOldIssuer(t)
    const found = sandbox.cluster.store.read('ConfigMap', 'image-system', 'pullpass-trust')
    sandbox.cluster.seed({
      apiVersion: 'v1',
      kind: 'ConfigMap',
      metadata: { namespace: 'image-system', name: 'pullpass-trust' },
      data: { ...Object(found?.['data']), 'mark-0000000000000000': oldMark },
    })
    const run = await runTrust(sandbox, destroy)
    assert.deepEqual(resultsOf(run), ['deleted', 'deleted', 'kept', 'kept', 'kept'])
  })
})
