import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import { applySecret } from '../../../src/kubernetes/objects/apply-pull-secret.ts'
import { listPages } from '../../../src/kubernetes/objects/list.ts'
import {
  allPullSecrets,
  anyPullSecret,
  listPullSecrets,
  readPullSecretData,
} from '../../../src/kubernetes/objects/pull-secrets.ts'
import { Redacted } from '../../../src/text/redacted.ts'
import { openSandboxCluster, type SandboxCluster } from '../open-test-cluster.ts'

const manager = 'pullpass:ClusterPullSecret:a'

async function applyIn({ cluster, addNamespaces }: SandboxCluster, namespaces: readonly string[]): Promise<void> {
  addNamespaces(...namespaces)
  for (const namespace of namespaces) {
    const secret = {
      namespace,
      name: 'regcred',
      labels: { 'app.kubernetes.io/managed-by': 'pullpass', team: 'blue' },
      annotations: { 'pullpass.dev/document': 'a', note: 'theirs' },
      dockerConfigJson: new Redacted(`{"auths":{"${namespace}":{}}}`),
    }
    await applySecret(cluster, secret, { manager, force: 'yield', dryRun: 'none' })
  }
}

const many = ['a', 'b', 'c', 'd', 'e', 'f']

suite('pull secrets are listed', () => {
  test('by name, in the whole cluster, with whose they are', async (t) => {
    const sandbox = await openSandboxCluster(t)
    await applyIn(sandbox, ['team-a'])
    sandbox.api.seed({ apiVersion: 'v1', kind: 'Secret', metadata: { namespace: 'team-a', name: 'other' } })
    const { found } = await listPullSecrets(sandbox.cluster, 'regcred', 'all')
    const { uid, resourceVersion, ...secret } = found.get('team-a') ?? { uid: '', resourceVersion: '' }
    assert.equal(found.size, 1)
    assert.match(uid, /^[0-9a-f-]{36}$/)
    assert.match(resourceVersion, /^\d+$/)
    assert.deepEqual(secret, {
      namespace: 'team-a',
      annotations: { 'pullpass.dev/document': 'a' },
      lastApplied: 'absent',
      labelled: true,
      owners: {
        data: [manager],
        label: [manager],
        annotations: new Map([['pullpass.dev/document', [manager]]]),
      },
      deleting: false,
      otherDataOwners: [],
      typeOwners: [manager],
      ownedBy: [],
    })
  })

  test('of any name and owner by their type, without data, and with the time of the last write', async (t) => {
    const sandbox = await openSandboxCluster(t)
    await applyIn(sandbox, ['team-a', 'team-b'])
    sandbox.api.seed({ apiVersion: 'v1', kind: 'Secret', metadata: { namespace: 'team-a', name: 'other' } })
    const inOne = await listPages(sandbox.cluster, allPullSecrets({ namespace: 'team-a' }), (item) => item)
    assert.deepEqual(
      inOne.map((item) => [Object.keys(item).toSorted(), anyPullSecret(item).name]),
      [[['apiVersion', 'kind', 'metadata'], 'regcred']],
    )
    const named = await listPages(sandbox.cluster, allPullSecrets({ name: 'regcred' }), anyPullSecret)
    const at = new Date('2026-11-24T12:00:00Z')
    assert.deepEqual(
      named.map(({ namespace, createdAt, writtenAt }) => [namespace, createdAt, writtenAt]),
      [
        ['team-a', at, at],
        ['team-b', at, at],
      ],
    )
    assert.deepEqual(await listPages(sandbox.cluster, allPullSecrets({ name: 'other' }), anyPullSecret), [])
  })

  test('of many namespaces by one list', async (t) => {
    const sandbox = await openSandboxCluster(t)
    await applyIn(sandbox, many)
    const before = sandbox.part.seen.length
    const { found } = await listPullSecrets(sandbox.cluster, 'regcred', many)
    assert.deepEqual([...found.keys()], many)
    assert.deepEqual(
      sandbox.part.seen.slice(before).map(({ path }) => path),
      ['/api/v1/secrets'],
    )
  })

  test('namespace by namespace where the rights go no further', async (t) => {
    const sandbox = await openSandboxCluster(t)
    await applyIn(sandbox, many)
    sandbox.api.authorization.permit(
      'admin',
      many.map((namespace) => ({ verbs: ['list'], resources: ['secrets'], resourceNames: ['regcred'], namespace })),
    )
    assert.deepEqual([...(await listPullSecrets(sandbox.cluster, 'regcred', many)).found.keys()], many)
    await assert.rejects(listPullSecrets(sandbox.cluster, 'regcred', 'all'), {
      code: 'KUBERNETES_FORBIDDEN',
      expected: 'the right to list secrets regcred in the whole cluster',
    })
  })

  test('namespace by namespace, and one that may not be read is reported alone', async (t) => {
    const sandbox = await openSandboxCluster(t)
    await applyIn(sandbox, many)
    sandbox.api.authorization.permit(
      'admin',
      many.slice(1).map((namespace) => ({ verbs: ['list'], resources: ['secrets'], namespace })),
    )
    const { found, faults } = await listPullSecrets(sandbox.cluster, 'regcred', many)
    assert.deepEqual([...found.keys()], many.slice(1))
    assert.deepEqual(
      [...faults].map(([namespace, { code, expected }]) => [namespace, code, expected]),
      [['a', 'KUBERNETES_FORBIDDEN', 'the right to list Secret a/regcred']],
    )
  })

  test('with their data only if that is requested', async (t) => {
    const sandbox = await openSandboxCluster(t)
    await applyIn(sandbox, ['a', 'b'])
    const { found } = await readPullSecretData(sandbox.cluster, 'regcred', ['a'])
    assert.deepEqual([...found.keys()], ['a'])
    assert.equal(found.get('a')?.type, 'kubernetes.io/dockerconfigjson')
    assert.equal(found.get('a')?.dockerConfigJson?.reveal(), '{"auths":{"a":{}}}')
  })
})
