import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import { foundIn } from '../../../src/kubernetes/objects/list.ts'
import {
  attachPullSecret,
  listServiceAccounts,
  type ServiceAccount,
} from '../../../src/kubernetes/objects/service-accounts.ts'
import { openSandboxCluster, type SandboxCluster } from '../open-test-cluster.ts'

const ways = { manager: 'pullpass:ClusterPullSecret:a', dryRun: 'none' } as const

async function accountIn({ cluster }: SandboxCluster, namespace: string): Promise<ServiceAccount> {
  const account = foundIn(await listServiceAccounts(cluster, 'default', [namespace]), namespace)
  assert.ok(account)
  return account
}

const attached = async (sandbox: SandboxCluster) => (await accountIn(sandbox, 'default')).imagePullSecrets

suite('a pull secret’s name on a service account', () => {
  test('is added to those of others', async (t) => {
    const sandbox = await openSandboxCluster(t)
    const account = await accountIn(sandbox, 'default')
    assert.deepEqual(account.imagePullSecrets, [])
    assert.equal(await attachPullSecret(sandbox.cluster, account, 'theirs', ways), 'attached')
    const next = await accountIn(sandbox, 'default')
    assert.equal(await attachPullSecret(sandbox.cluster, next, 'regcred', ways), 'attached')
    assert.deepEqual(await attached(sandbox), ['theirs', 'regcred'])
  })

  test('is not written where it is there already', async (t) => {
    const sandbox = await openSandboxCluster(t)
    await attachPullSecret(sandbox.cluster, await accountIn(sandbox, 'default'), 'regcred', ways)
    const before = sandbox.part.seen.length
    const account = await accountIn(sandbox, 'default')
    assert.equal(await attachPullSecret(sandbox.cluster, account, 'regcred', ways), 'unchanged')
    assert.equal(sandbox.part.seen.length, before + 1)
  })

  test('is added after another read if another client was faster', async (t) => {
    const sandbox = await openSandboxCluster(t)
    const account = await accountIn(sandbox, 'default')
    const names = ['one', 'two', 'three', 'four', 'five']
    const outcomes = await Promise.all(names.map((name) => attachPullSecret(sandbox.cluster, account, name, ways)))
    assert.deepEqual(outcomes, ['attached', 'attached', 'attached', 'attached', 'attached'])
    assert.deepEqual([...(await attached(sandbox))].toSorted(), [...names].toSorted())
  })

  test('is not kept in a dry run', async (t) => {
    const sandbox = await openSandboxCluster(t)
    const account = await accountIn(sandbox, 'default')
    assert.equal(await attachPullSecret(sandbox.cluster, account, 'regcred', { ...ways, dryRun: 'all' }), 'attached')
    assert.deepEqual(await attached(sandbox), [])
  })

  test('is not added if the account was deleted', async (t) => {
    const sandbox = await openSandboxCluster(t)
    const account = { ...(await accountIn(sandbox, 'default')), name: 'gone' }
    assert.equal(await attachPullSecret(sandbox.cluster, account, 'regcred', ways), 'gone')
  })

  test('without the right to it names the rule that is missing', async (t) => {
    const sandbox = await openSandboxCluster(t)
    const account = await accountIn(sandbox, 'default')
    sandbox.api.authorization.forbid({ verbs: ['patch'], resources: ['serviceaccounts'] })
    await assert.rejects(attachPullSecret(sandbox.cluster, account, 'regcred', ways), {
      code: 'KUBERNETES_FORBIDDEN',
      expected: 'the right to patch ServiceAccount default/default',
    })
  })

  test('accounts are found in many namespaces by one list', async (t) => {
    const sandbox = await openSandboxCluster(t)
    sandbox.addNamespaces('a', 'b', 'c', 'd', 'e')
    const { found } = await listServiceAccounts(sandbox.cluster, 'default', ['a', 'b', 'c', 'd', 'e'])
    assert.deepEqual([...found.keys()].toSorted(), ['a', 'b', 'c', 'd', 'default', 'e', 'kube-system'])
  })
})
