/** Leases: created by name, written from one state only, validated.
 *  https://kubernetes.io/docs/concepts/architecture/leases/ */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { applyPatch, type ContractCluster, mergePatch } from '../kubernetes-cluster.ts'

const times = { acquireTime: '2026-11-30T12:00:00.000000Z', renewTime: '2026-11-30T12:00:02.345000Z' }
const spec = { holderIdentity: 'one', leaseDurationSeconds: 15, leaseTransitions: 0, ...times }
const body = { apiVersion: 'coordination.k8s.io/v1', kind: 'Lease', metadata: { name: 'leader' }, spec }
const leasesOf = (namespace: string) => `/apis/coordination.k8s.io/v1/namespaces/${namespace}/leases`

export function leaseCases(started: () => ContractCluster): void {
  test('an apply by a second field manager does not take over a Lease', async () => {
    const cluster = started()
    const path = `${leasesOf(await cluster.createNamespace())}/leader`
    const apply = async (manager: string) =>
      await cluster.request({
        method: 'PATCH',
        path: `${path}?fieldManager=${manager}`,
        contentType: applyPatch,
        body: { ...body, spec: { ...spec, holderIdentity: manager } },
      })

    const created = await apply('one')
    const second = await apply('two')

    assert.deepEqual([created.status, second.status], [201, 409])
    assert.deepEqual(JSON.parse(created.text).spec, spec)
    assert.equal(JSON.parse((await cluster.request({ path })).text).spec.holderIdentity, 'one')
  })

  test('a merge patch of a Lease from an earlier resourceVersion conflicts', async () => {
    const cluster = started()
    const folder = leasesOf(await cluster.createNamespace())
    const created = await cluster.request({ method: 'POST', path: folder, body })
    const { resourceVersion } = JSON.parse(created.text).metadata
    const take = async (holderIdentity: string) =>
      await cluster.request({
        method: 'PATCH',
        path: `${folder}/leader`,
        contentType: mergePatch,
        body: { metadata: { resourceVersion }, spec: { holderIdentity } },
      })

    const [first, second] = [await take('two'), await take('three')]

    assert.deepEqual([first.status, second.status], [200, 409])
    assert.deepEqual(JSON.parse(first.text).spec, { ...spec, holderIdentity: 'two' })
  })

  test('the permission to create by apply can name the Lease', async () => {
    const cluster = started()
    const namespace = await cluster.createNamespace()
    const rule = { apiGroups: ['coordination.k8s.io'], resources: ['leases'], resourceNames: ['leader'], namespace }
    const token = await cluster.target.createUser([{ ...rule, verbs: ['create', 'patch'] }])
    const apply = async (name: string) =>
      await cluster.request({
        method: 'PATCH',
        path: `${leasesOf(namespace)}/${name}?fieldManager=one`,
        contentType: applyPatch,
        body: { ...body, metadata: { name } },
        token,
      })

    const [named, other] = [await apply('leader'), await apply('other')]
    const posted = await cluster.request({ method: 'POST', path: leasesOf(namespace), body, token })

    assert.deepEqual([named.status, other.status, posted.status], [201, 403, 403])
  })

  test('a Lease with a duration of 0 s is refused', async () => {
    const cluster = started()
    const path = leasesOf(await cluster.createNamespace())
    const wrong = { ...body, spec: { ...spec, leaseDurationSeconds: 0, leaseTransitions: -1 } }
    const { status, object } = await cluster.request({ method: 'POST', path, body: wrong })

    assert.equal(status, 422)
    assert.match(
      object.message ?? '',
      /^Lease\.coordination\.k8s\.io "leader" is invalid: \[spec\.leaseDurationSeconds: Invalid value: 0: must be greater than 0, spec\.leaseTransitions: Invalid value: -1: must be greater than or equal to 0\]$/,
    )
  })
}
