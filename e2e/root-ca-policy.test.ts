/** deploy/root-ca in a real API server: users with all permissions on ConfigMaps do not change which API servers pullpass trusts. */
import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import { type Attacks, assertRefused } from './install/attack.ts'
import { createPolicies } from './parts/control-plane/deploy-files.ts'
import { type KubernetesRequest, requestAsAdmin, requestKubernetes } from './parts/control-plane/request-kubernetes.ts'
import { grantPermissions, type UserRule } from './parts/control-plane/users.ts'
import { startPart } from './parts/process/start-part.ts'
import { waitUntil } from './parts/process/wait-until.ts'
import { withRealPart } from './parts/real-part.ts'
import { startControlPlane } from './parts/start-control-plane.ts'

const namespace = 'pullpass-system'
const maps = `/api/v1/namespaces/${namespace}/configmaps`
const rootCa = `${maps}/kube-root-ca.crt`
const contentType = 'application/merge-patch+json'
const tenant = 'tenant'
const verbs = ['get', 'list', 'create', 'update', 'patch', 'delete', 'deletecollection']
const allOfConfigMaps: UserRule = { verbs, resources: ['configmaps'], namespace }

const startSetup = (controllerAccounts: 'own' | 'shared') => () =>
  startPart('root-ca', async (context) => {
    const plane = await context.use(startControlPlane({ users: [tenant], controllers: 'all', controllerAccounts }))
    const admin = (request: KubernetesRequest) => requestAsAdmin(plane, request)
    await createPolicies(plane, 'deploy/root-ca/policy.yaml')
    await admin({ method: 'POST', path: '/api/v1/namespaces', body: { metadata: { name: namespace } } })
    const token = plane.userTokens.get(tenant) ?? ''
    await grantPermissions(plane, { name: tenant, token }, [allOfConfigMaps])
    return { admin, plane, asTenant: { ...plane, adminToken: token } }
  })

const accountsOf = {
  'a controller manager with an account for each controller': 'own',
  'a controller manager without --use-service-account-credentials': 'shared',
} as const

for (const [title, controllerAccounts] of Object.entries(accountsOf)) {
  await withRealPart(title, startSetup(controllerAccounts), ({ admin, plane, asTenant }) => {
    suite(`deploy/root-ca, with ${title}`, () => {
      const published = async () => {
        const { status, body } = await requestKubernetes(plane, { path: rootCa })
        const { data, metadata }: { data?: Record<string, string>; metadata: { uid: string } } = JSON.parse(body)
        return status === 200 ? { ca: data?.['ca.crt'], uid: metadata.uid } : undefined
      }
      const refusal = 'only root-ca-cert-publisher may write'
      const data = { 'ca.crt': '-----BEGIN CERTIFICATE-----' }
      const attacks: Attacks = {
        'by a patch': { request: { method: 'PATCH', path: rootCa, contentType, body: { data } }, refusal },
        'by making it immutable': {
          request: { method: 'PATCH', path: rootCa, contentType, body: { immutable: true } },
          refusal,
        },
        'by an update': {
          request: { method: 'PUT', path: rootCa, body: { metadata: { name: 'kube-root-ca.crt' }, data } },
          refusal,
        },
        'by labels and finalizers': {
          request: {
            method: 'PATCH',
            path: rootCa,
            contentType,
            body: { metadata: { finalizers: ['example.com/hold'] } },
          },
          refusal,
        },
        'by deleting it, to create it': {
          request: { method: 'DELETE', path: rootCa },
          refusal: 'deleting ConfigMap kube-root-ca.crt of this namespace requires',
        },
        'by deleting all': {
          request: { method: 'DELETE', path: maps },
          refusal: 'deleting ConfigMap kube-root-ca.crt of this namespace requires',
        },
      }

      test('its controller creates it in a new namespace', async () => {
        const { ca } = await waitUntil('kube-root-ca.crt', 30_000, published)
        assert.equal(ca, plane.authority)
      })

      test('a tenant with all permissions on ConfigMaps does not change it', async (t) =>
        await assertRefused(t, asTenant, attacks))

      test('a cluster-admin does not change it either, but can delete it: the controller creates it again', async () => {
        const patched = await requestKubernetes(plane, { method: 'PATCH', path: rootCa, contentType, body: { data } })
        assert.equal(patched.status, 403)
        const before = await published()
        await admin({ method: 'DELETE', path: rootCa })
        const after = await waitUntil('kube-root-ca.crt again', 30_000, async () => {
          const now = await published()
          return now !== undefined && now.uid !== before?.uid ? now : undefined
        })
        assert.equal(after.ca, plane.authority)
      })

      test('other ConfigMaps are not restricted', async () => {
        const body = { metadata: { name: 'kube-root-ca.crt.mine' }, data }
        assert.equal((await requestKubernetes(asTenant, { method: 'POST', path: maps, body })).status, 201)
      })

      test('the namespace is deleted as a whole', async () => {
        const path = `/api/v1/namespaces/${namespace}`
        await admin({ method: 'DELETE', path })
        await waitUntil('the namespace to be gone', 60_000, async () => {
          const { status } = await requestKubernetes(plane, { path })
          return status === 404 || undefined
        })
      })
    })
  })
}
