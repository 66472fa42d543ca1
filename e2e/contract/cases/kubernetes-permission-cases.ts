/** The minimal permissions for each request. https://kubernetes.io/docs/reference/access-authn-authz/rbac/ */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import {
  accountsOf,
  type ContractCluster,
  metadataListOnly,
  pullSecret,
  secretsOf,
  secretWith,
} from '../kubernetes-cluster.ts'

const named = ['regcred']

export function permissionCases(started: () => ContractCluster): void {
  test('an apply that updates needs only patch, not get', async () => {
    const cluster = started()
    const namespace = await cluster.createNamespace()
    const token = await cluster.target.createUser([{ verbs: ['patch'], resources: ['secrets'] }])
    await cluster.apply(namespace, pullSecret('regcred', 'one'), 'pullpass')

    const { status } = await cluster.apply(namespace, pullSecret('regcred', 'two'), 'pullpass', { token })

    assert.equal(status, 200)
  })

  test('an apply that creates needs create in addition to patch', async () => {
    const cluster = started()
    const namespace = await cluster.createNamespace()
    const token = await cluster.target.createUser([{ verbs: ['patch'], resources: ['secrets'] }])

    const { status, object } = await cluster.apply(namespace, pullSecret('regcred', 'one'), 'pullpass', { token })

    assert.deepEqual([status, object.reason], [403, 'Forbidden'])
    assert.match(
      object.message ?? '',
      /^secrets "regcred" is forbidden: User ".+" cannot create resource "secrets" in API group "" in the namespace ".+"$/,
    )
  })

  test('resourceNames apply to the create of an apply, not to a POST', async () => {
    const cluster = started()
    const namespace = await cluster.createNamespace()
    const token = await cluster.target.createUser([
      { verbs: ['create', 'patch'], resources: ['secrets'], resourceNames: named },
    ])

    const applied = await cluster.apply(namespace, pullSecret('regcred', 'one'), 'pullpass', { token })
    const other = await cluster.apply(namespace, pullSecret('other', 'one'), 'pullpass', { token })
    const path = secretsOf(namespace)
    const posted = await cluster.request({ method: 'POST', path, body: pullSecret('regcred', 'one'), token })

    assert.deepEqual([applied.status, other.status, posted.status], [201, 403, 403])
  })

  test('resourceNames allow a list by name, in a namespace and cluster-wide', async () => {
    const cluster = started()
    const namespace = await cluster.createNamespace()
    const token = await cluster.target.createUser([{ verbs: ['list'], resources: ['secrets'], resourceNames: named }])
    await cluster.apply(namespace, pullSecret('regcred', 'one'), 'pullpass')
    const list = (path: string) => cluster.request({ path, token, accept: metadataListOnly })

    const within = await list(`${secretsOf(namespace)}?fieldSelector=metadata.name%3Dregcred`)
    const across = await list('/api/v1/secrets?fieldSelector=metadata.name%3Dregcred')
    const others = await list(`${secretsOf(namespace)}?fieldSelector=metadata.name%3Dother`)
    const all = await list(secretsOf(namespace))

    assert.deepEqual([within.status, across.status, others.status, all.status], [200, 200, 403, 403])
  })

  test('resourceNames allow a watch by name', async () => {
    const cluster = started()
    const namespace = await cluster.createNamespace()
    const token = await cluster.target.createUser([{ verbs: ['watch'], resources: ['secrets'], resourceNames: named }])
    const path = `${secretsOf(namespace)}?watch=1&timeoutSeconds=1`

    const byName = await cluster.request({ path: `${path}&fieldSelector=metadata.name%3Dregcred`, token })
    const all = await cluster.request({ path, token })

    assert.deepEqual([byName.status, all.status], [200, 403])
  })

  test('resourceNames of watch alone allow a watch list by name, in the whole cluster', async () => {
    const cluster = started()
    const token = await cluster.target.createUser([{ verbs: ['watch'], resources: ['secrets'], resourceNames: named }])
    const watchList = 'sendInitialEvents=true&resourceVersionMatch=NotOlderThan&allowWatchBookmarks=true'
    const path = `/api/v1/secrets?watch=1&timeoutSeconds=1&${watchList}`

    const byName = await cluster.request({ path: `${path}&fieldSelector=metadata.name%3Dregcred`, token })
    const all = await cluster.request({ path, token })

    assert.deepEqual([byName.status, all.status], [200, 403])
    assert.match(byName.text, /"k8s.io\/initial-events-end":"true"/)
  })

  test('with only a Role a cluster-wide list is forbidden', async () => {
    const cluster = started()
    const namespace = await cluster.createNamespace()
    const token = await cluster.target.createUser([
      { verbs: ['list'], resources: ['secrets'], resourceNames: named, namespace },
    ])
    const selector = '?fieldSelector=metadata.name%3Dregcred'

    const within = await cluster.request({ path: `${secretsOf(namespace)}${selector}`, token })
    const across = await cluster.request({ path: `/api/v1/secrets${selector}`, token })

    assert.deepEqual([within.status, across.status], [200, 403])
    assert.match(across.object.message ?? '', /cannot list resource "secrets" in API group "" at the cluster scope$/)
  })

  test('a list by name returns data without permission to get', async () => {
    const cluster = started()
    const namespace = await cluster.createNamespace()
    const token = await cluster.target.createUser([{ verbs: ['list'], resources: ['secrets'], resourceNames: named }])
    await cluster.apply(namespace, pullSecret('regcred', 'one'), 'pullpass')

    const got = await cluster.request({ path: `${secretsOf(namespace)}/regcred`, token })
    const listed = await cluster.request({
      path: `${secretsOf(namespace)}?fieldSelector=metadata.name%3Dregcred`,
      token,
    })

    assert.equal(got.status, 403)
    assert.deepEqual(listed.object.items?.[0]?.data, pullSecret('regcred', 'one')['data'])
  })

  test('an empty apply returns data to a user with permission to patch', async () => {
    const cluster = started()
    const namespace = await cluster.createNamespace()
    const token = await cluster.target.createUser([{ verbs: ['patch'], resources: ['secrets'], resourceNames: named }])
    await cluster.apply(namespace, pullSecret('regcred', 'one'), 'pullpass')

    const { object } = await cluster.apply(namespace, secretWith('regcred'), 'other', { token })

    assert.deepEqual(object.data, pullSecret('regcred', 'one')['data'])
  })

  test('a TokenRequest needs create on serviceaccounts/token, by name', async () => {
    const cluster = started()
    const namespace = await cluster.createNamespace()
    for (const name of ['puller', 'other']) await cluster.createServiceAccount(namespace, name)
    const rule = { verbs: ['create'], resources: ['serviceaccounts/token'], resourceNames: ['puller'], namespace }
    const token = await cluster.target.createUser([rule])
    const request = (name: string) =>
      cluster.request({ method: 'POST', path: `${accountsOf(namespace)}/${name}/token`, body: {}, token })

    const [allowed, refused] = [await request('puller'), await request('other')]

    assert.deepEqual([allowed.status, refused.status], [201, 403])
    assert.match(
      refused.object.message ?? '',
      /^serviceaccounts "other" is forbidden: User ".+" cannot create resource "serviceaccounts\/token" in API group "" in the namespace ".+"$/,
    )
  })

  test('an invalid token returns 401', async () => {
    const { status, object } = await started().request({ path: '/api/v1/namespaces', token: 'no-such-token' })

    assert.deepEqual([status, object.reason, object.message], [401, 'Unauthorized', 'Unauthorized'])
  })

  test('an anonymous request is forbidden for system:anonymous', async () => {
    const { status, object } = await started().request({ path: '/api/v1/namespaces', token: '' })

    assert.equal(status, 403)
    assert.equal(
      object.message,
      'namespaces is forbidden: User "system:anonymous" cannot list resource "namespaces" in API group "" at the cluster scope',
    )
  })
}
