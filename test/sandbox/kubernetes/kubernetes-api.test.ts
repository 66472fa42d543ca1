import assert from 'node:assert/strict'
import { test } from 'node:test'
import { bodyField, createSandboxClient } from './sandbox-client.ts'

test('a client certificate names the user', async () => {
  const { api, send } = await createSandboxClient()
  api.authorization.permit('kubelet', [])

  const response = await send('GET', '/api/v1/secrets', { clientName: 'kubelet', headers: { authorization: '' } })

  assert.equal(response.status, 403)
  assert.equal(
    bodyField(response, 'message'),
    'secrets is forbidden: User "kubelet" cannot list resource "secrets" in API group "" at the cluster scope',
  )
})

test('a denied request is denied for all users, until the denial is removed', async () => {
  const { api, send } = await createSandboxClient()
  const path = '/api/v1/namespaces/default/serviceaccounts/default'

  const allow = api.authorization.forbid({ verbs: ['get'], resources: ['serviceaccounts'], namespace: 'default' })
  const refused = await send('GET', path)
  const otherNamespace = await send('GET', '/api/v1/namespaces/kube-system/serviceaccounts/default')
  allow()
  const allowed = await send('GET', path)

  assert.deepEqual([refused.status, otherNamespace.status, allowed.status], [403, 200, 200])
})

test('a seeded namespace has its ServiceAccount and its label', async () => {
  const { api } = await createSandboxClient()

  const namespace = api.seed({ apiVersion: 'v1', kind: 'Namespace', metadata: { name: 'team-a' } })

  assert.deepEqual(namespace.metadata.labels, { 'kubernetes.io/metadata.name': 'team-a' })
  assert.deepEqual(namespace['status'], { phase: 'Active' })
  assert.ok(api.store.read('ServiceAccount', 'team-a', 'default'))
})

test('a seeded namespace remains Terminating while it has a finalizer', async () => {
  const { api, send } = await createSandboxClient()
  api.seed({
    apiVersion: 'v1',
    kind: 'Namespace',
    metadata: { name: 'leaving', finalizers: ['example.com/hold'], deletionTimestamp: '2026-11-24T11:00:00Z' },
  })

  const response = await send('POST', '/api/v1/namespaces/leaving/secrets', { body: { metadata: { name: 'late' } } })

  assert.equal(response.status, 403)
  assert.deepEqual(api.store.read('Namespace', '', 'leaving')?.['status'], { phase: 'Terminating' })
})

test('an issuer that is not https serves neither document', async () => {
  const { send } = await createSandboxClient({ issuer: 'http://cluster.example' })

  const responses = [await send('GET', '/.well-known/openid-configuration'), await send('GET', '/openid/v1/jwks')]

  assert.deepEqual(
    responses.map(({ status }) => status),
    [404, 404],
  )
})

test('two sandboxes with the same clock and random source have the same uids', async () => {
  const namespaces = await Promise.all(
    [1, 2].map(async () => {
      const { api } = await createSandboxClient()
      return api.store.read('Namespace', '', 'default')
    }),
  )

  assert.deepEqual(namespaces[0], namespaces[1])
  assert.equal(namespaces[0]?.metadata.uid, '88888888-8888-4888-8888-888888888888')
})

for (const [path, status] of [
  ['/version', 200],
  ['/readyz', 200],
  ['/api/v1', 200],
  ['/openapi/v3/api/v1', 200],
  ['/apis/apps/v1', 404],
  ['/api/v1/pods', 200],
  ['/apis/discovery.k8s.io/v1', 200],
  ['/openapi/v3/apis/discovery.k8s.io/v1', 200],
  ['/apis/authorization.k8s.io/v1/selfsubjectaccessreviews', 405],
  ['/apis/apps/v1/deployments', 404],
  ['/apis/discovery.k8s.io/v1beta1/endpointslices', 404],
  ['/api/v1/replicationcontrollers', 404],
  ['/api/v1/namespaces/default/secrets/a/b/c', 404],
] as const) {
  test(`GET ${path} returns ${status}`, async () => {
    const { send } = await createSandboxClient()

    assert.equal((await send('GET', path)).status, status)
  })
}
