/** EndpointSlices: their API group, and the slice with the addresses of the API servers.
 *  https://kubernetes.io/docs/reference/kubernetes-api/service-resources/endpoint-slice-v1/ */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { applyPatch, type ContractCluster, mergePatch, slicesOf } from '../kubernetes-cluster.ts'

const ofKubernetes = 'labelSelector=kubernetes.io/service-name%3Dkubernetes'
const body = {
  apiVersion: 'discovery.k8s.io/v1',
  kind: 'EndpointSlice',
  metadata: { name: 'web' },
  addressType: 'IPv4',
  endpoints: [{ addresses: ['10.1.1.1'] }],
  ports: [{ port: 8443 }],
}

export function endpointSliceCases(started: () => ContractCluster): void {
  test('the API server maintains the EndpointSlice kubernetes in default, with the label of its service', async () => {
    const cluster = started()
    const { text } = await cluster.request({ path: `/apis/discovery.k8s.io/v1/endpointslices?${ofKubernetes}` })

    const { kind, apiVersion, items } = JSON.parse(text)
    assert.deepEqual([kind, apiVersion], ['EndpointSliceList', 'discovery.k8s.io/v1'])
    const [{ metadata, addressType, endpoints, ports }] = items
    assert.deepEqual([metadata.namespace, metadata.name, metadata.generation], ['default', 'kubernetes', 1])
    assert.equal(addressType, 'IPv4')
    assert.deepEqual(endpoints[0].conditions, { ready: true })
    assert.deepEqual(ports, [{ name: 'https', protocol: 'TCP', port: Number(new URL(cluster.target.url).port) }])
  })

  test('an EndpointSlice gets default port fields, and its generation increases with its content', async () => {
    const cluster = started()
    const path = slicesOf(await cluster.createNamespace())

    const created = await cluster.request({ method: 'POST', path, body })
    const change = { endpoints: [{ addresses: ['10.1.1.2'], conditions: { ready: false } }] }
    const at = `${path}/web`
    const changed = await cluster.request({ method: 'PATCH', path: at, contentType: mergePatch, body: change })
    const annotated = { metadata: { annotations: { a: 'b' } } }
    const same = await cluster.request({ method: 'PATCH', path: at, contentType: mergePatch, body: annotated })

    const { endpoints, ports } = JSON.parse(created.text)
    assert.deepEqual(endpoints, [{ addresses: ['10.1.1.1'], conditions: {} }])
    assert.deepEqual(ports, [{ name: '', protocol: 'TCP', port: 8443 }])
    assert.deepEqual(
      [created, changed, same].map(({ object }) => object.metadata?.generation),
      [1, 2, 2],
    )
  })

  test('error messages name the API group', async () => {
    const cluster = started()
    const namespace = await cluster.createNamespace()
    const path = slicesOf(namespace)
    await cluster.request({ method: 'POST', path, body, userAgent: 'kube-controller-manager/v1.34.4' })
    const token = await cluster.target.createUser([])

    const absent = await cluster.request({ path: `${path}/absent` })
    const forbidden = await cluster.request({ path, token })
    const at = `${path}/web`
    const moved = await cluster.request({
      method: 'PATCH',
      path: at,
      contentType: mergePatch,
      body: { addressType: 'IPv6' },
    })
    const applied = { ...body, endpoints: [{ addresses: ['10.1.1.3'] }], ports: undefined }
    const conflict = await cluster.request({
      method: 'PATCH',
      path: `${at}?fieldManager=other`,
      contentType: applyPatch,
      body: applied,
    })

    assert.deepEqual(absent.object.details, { name: 'absent', group: 'discovery.k8s.io', kind: 'endpointslices' })
    assert.equal(absent.object.message, 'endpointslices.discovery.k8s.io "absent" not found')
    assert.equal(forbidden.status, 403)
    assert.match(
      forbidden.object.message ?? '',
      /^endpointslices\.discovery\.k8s\.io is forbidden: User ".+" cannot list resource "endpointslices" in API group "discovery\.k8s\.io" in the namespace ".+"$/,
    )
    // Kubernetes 1.37 shows null instead of the value.
    assert.match(
      moved.object.message ?? '',
      /^EndpointSlice\.discovery\.k8s\.io "web" is invalid: addressType: Invalid value: (?:"IPv6"|null): field is immutable$/,
    )
    assert.equal(
      conflict.object.message,
      'Apply failed with 1 conflict: conflict with "kube-controller-manager" using discovery.k8s.io/v1: .endpoints',
    )
  })

  test('a group that is not served returns 404 as plain text', async () => {
    const { status, text } = await started().request({ path: '/apis/nothing.example/v1/things' })

    assert.deepEqual([status, text], [404, '404 page not found\n'])
  })
}
