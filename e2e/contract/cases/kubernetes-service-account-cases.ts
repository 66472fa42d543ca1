/** A ServiceAccount's imagePullSecrets: an atomic list with several writers.
 *  https://kubernetes.io/docs/reference/kubernetes-api/authentication-resources/service-account-v1/ */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { ApiResponse } from '../kubernetes-client.ts'
import {
  accountsOf,
  applyPatch,
  type ContractCluster,
  jsonPatch,
  mergePatch,
  strategicMergePatch,
} from '../kubernetes-cluster.ts'

export function serviceAccountCases(started: () => ContractCluster): void {
  test('a second manager’s apply of imagePullSecrets conflicts, and with force it removes the entries of others', async () => {
    const account = await createAccount(started())
    await account.apply('one', ['first'])

    const refused = await account.apply('two', ['second'])
    const forced = await account.apply('two', ['second'], '&force=true')

    assert.equal(refused.status, 409)
    assert.equal(refused.object.details?.causes?.[0]?.field, '.imagePullSecrets')
    assert.deepEqual(forced.object.imagePullSecrets, [{ name: 'second' }])
  })

  test('a strategic merge patch replaces imagePullSecrets', async () => {
    const account = await createAccount(started())
    await account.patch(mergePatch, { imagePullSecrets: [{ name: 'first' }] })

    const { object } = await account.patch(strategicMergePatch, { imagePullSecrets: [{ name: 'second' }] })

    assert.deepEqual(object.imagePullSecrets, [{ name: 'second' }])
  })

  test('a failed test of a JSON patch returns 422, not 409', async () => {
    const account = await createAccount(started())
    await account.patch(mergePatch, { imagePullSecrets: [{ name: 'first' }] })

    const { status } = await account.patch(jsonPatch, [{ op: 'test', path: '/imagePullSecrets', value: [] }])

    assert.equal(status, 422)
  })

  test('the test [] of a JSON patch fails if the list is absent', async () => {
    const account = await createAccount(started())

    const { status } = await account.patch(jsonPatch, [{ op: 'test', path: '/imagePullSecrets', value: [] }])

    assert.equal(status, 422)
  })

  test('a merge patch with a stale resourceVersion returns 409', async () => {
    const account = await createAccount(started())
    const seen = await account.read()
    await account.patch(mergePatch, { imagePullSecrets: [{ name: 'first' }] })

    const { status, object } = await account.patch(mergePatch, {
      metadata: { resourceVersion: seen.object.metadata?.resourceVersion },
      imagePullSecrets: [{ name: 'second' }],
    })

    assert.deepEqual([status, object.reason], [409, 'Conflict'])
    assert.deepEqual((await account.read()).object.imagePullSecrets, [{ name: 'first' }])
  })

  test('20 concurrent writers that merge with a resourceVersion keep all entries', async () => {
    const account = await createAccount(started())
    const names = Array.from({ length: 20 }, (_, at) => `secret-${String(at).padStart(2, '0')}`)

    await Promise.all(names.map((name) => attach(account, name)))

    const { object } = await account.read()
    assert.deepEqual((object.imagePullSecrets ?? []).map(({ name }) => name).toSorted(), names)
  })
}

interface Account {
  read(): Promise<ApiResponse>
  patch(contentType: string, body: unknown): Promise<ApiResponse>
  apply(manager: string, names: readonly string[], query?: string): Promise<ApiResponse>
}

async function createAccount(cluster: ContractCluster): Promise<Account> {
  const namespace = await cluster.createNamespace()
  const path = `${accountsOf(namespace)}/puller`
  await cluster.createServiceAccount(namespace, 'puller')
  return {
    read: () => cluster.request({ path }),
    patch: (contentType, body) => cluster.request({ method: 'PATCH', path, contentType, body }),
    apply: (manager, names, query = '') =>
      cluster.request({
        method: 'PATCH',
        path: `${path}?fieldManager=${manager}${query}`,
        contentType: applyPatch,
        body: {
          apiVersion: 'v1',
          kind: 'ServiceAccount',
          metadata: { name: 'puller' },
          imagePullSecrets: names.map((name) => ({ name })),
        },
      }),
  }
}

async function attach(account: Account, name: string): Promise<void> {
  for (;;) {
    const { object } = await account.read()
    const { status } = await account.patch(mergePatch, {
      metadata: { resourceVersion: object.metadata?.resourceVersion },
      imagePullSecrets: [...(object.imagePullSecrets ?? []), { name }],
    })
    if (status === 200) return
    assert.equal(status, 409)
  }
}
