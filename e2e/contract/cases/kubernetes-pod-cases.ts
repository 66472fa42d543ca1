/** Pods, with the fields that a diagnosis of a failed pull uses.
 *  https://kubernetes.io/docs/reference/kubernetes-api/workload-resources/pod-v1/ */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { ApiResponse, WatchEvent } from '../kubernetes-client.ts'
import { accountsOf, type ContractCluster, strategicMergePatch } from '../kubernetes-cluster.ts'
import { podsIn } from '../kubernetes-pods.ts'

export function podCases(started: () => ContractCluster): void {
  test('a new Pod is pending and has default values', async () => {
    const pods = await podsIn(started())

    const { status, json } = await pods.create('waiting', { containers: [container('i')] })

    assert.equal(status, 201)
    assert.equal(json.metadata.generation, 1)
    assert.deepEqual(json.status, { phase: 'Pending', qosClass: 'BestEffort' })
    const { name, image, imagePullPolicy, resources, terminationMessagePolicy } = json.spec.containers[0] ?? {}
    assert.deepEqual([name, image, imagePullPolicy], ['main', 'i', 'Always'])
    assert.deepEqual([resources, terminationMessagePolicy], [{}, 'File'])
    const { restartPolicy, dnsPolicy, terminationGracePeriodSeconds, serviceAccountName, schedulerName } = json.spec
    assert.deepEqual(
      [restartPolicy, dnsPolicy, terminationGracePeriodSeconds, serviceAccountName, schedulerName],
      ['Always', 'ClusterFirst', 30, 'default', 'default-scheduler'],
    )
    const [token] = json.spec.volumes[0]?.projected.sources ?? []
    assert.deepEqual(token, { serviceAccountToken: { expirationSeconds: 3607, path: 'token' } })
  })

  for (const [image, policy] of [
    ['localhost:5000/app', 'Always'],
    ['localhost:5000/app:latest', 'Always'],
    ['localhost:5000/app:1', 'IfNotPresent'],
    [`app@sha256:${'0'.repeat(64)}`, 'IfNotPresent'],
  ] as const) {
    test(`${image} is pulled ${policy}`, async () => {
      const pods = await podsIn(started())

      const { json } = await pods.create('pulling', { containers: [container(image)] })

      assert.equal(json.spec.containers[0]?.['imagePullPolicy'], policy)
    })
  }

  test('a Pod gets the imagePullSecrets of its ServiceAccount at creation, and only if it has none', async () => {
    const pods = await podsIn(started())
    await pods.attach(['first'])

    const taken = await pods.create('taken', { containers: [container('i')] })
    const own = await pods.create('own', { containers: [container('i')], imagePullSecrets: [{ name: 'own' }] })
    await pods.attach(['second'])
    const later = await pods.read('taken')

    assert.deepEqual(taken.json.spec.imagePullSecrets, [{ name: 'first' }])
    assert.deepEqual(own.json.spec.imagePullSecrets, [{ name: 'own' }])
    assert.deepEqual(later.json.spec.imagePullSecrets, [{ name: 'first' }])
  })

  test('a Pod whose ServiceAccount does not exist is forbidden', async () => {
    const pods = await podsIn(started())

    const { status, object } = await pods.create('stray', { serviceAccountName: 'none', containers: [container('i')] })

    assert.equal(status, 403)
    assert.equal(
      object.message,
      `pods "stray" is forbidden: error looking up service account ${pods.namespace}/none: serviceaccount "none" not found`,
    )
  })

  test('a Pod without containers is invalid', async () => {
    const pods = await podsIn(started())

    const { status, object } = await pods.create('empty', {})

    assert.equal(status, 422)
    assert.equal(object.message, 'Pod "empty" is invalid: spec.containers: Required value')
  })

  test('the status is written only by its subresource, and owned there', async () => {
    const pods = await podsIn(started())
    await pods.create('failing', { nodeName: 'node-1', containers: [container('i')] })

    await pods.patch('failing', { status: { phase: 'Failed' } })
    const untouched = await pods.read('failing')
    const { status, json, object } = await pods.fail('failing')

    assert.equal(untouched.json.status.phase, 'Pending')
    assert.equal(status, 200)
    assert.deepEqual(json.status, {
      phase: 'Pending',
      qosClass: 'BestEffort',
      containerStatuses: [
        {
          name: 'main',
          state: { waiting: { reason: 'ImagePullBackOff', message: 'Back-off pulling image "i"' } },
          lastState: {},
          ready: false,
          restartCount: 0,
          image: 'i',
          imageID: '',
        },
      ],
    })
    assert.deepEqual(
      object.metadata?.managedFields?.map(({ subresource, fieldsV1 }) => [subresource, Object.keys(fieldsV1)]),
      [
        [undefined, ['f:spec']],
        ['status', ['f:status']],
      ],
    )
  })

  test('an apply of the status ignores the spec, and conflicts name the subresource', async () => {
    const pods = await podsIn(started())
    await pods.create('failing', { containers: [container('i')] })

    const applied = await pods.applyStatus('failing', 'one', { phase: 'Failed' }, { nodeName: 'elsewhere' })
    const refused = await pods.applyStatus('failing', 'two', { phase: 'Running' })
    const absent = await pods.applyStatus('absent', 'one', { phase: 'Failed' })

    assert.deepEqual([applied.status, refused.status, absent.status], [200, 409, 404])
    assert.deepEqual([applied.json.status.phase, applied.json.spec.nodeName], ['Failed', undefined])
    assert.equal(
      refused.object.message,
      'Apply failed with 1 conflict: conflict with "one" with subresource "status": .status.phase',
    )
  })

  test('an eviction deletes the Pod, but none that was replaced or changed', async () => {
    const pods = await podsIn(started())
    const { object } = await pods.create('evicted', { containers: [container('i')] })
    const { uid, resourceVersion } = object.metadata ?? {}

    const replaced = await pods.evict('evicted', { uid: '00000000-0000-4000-8000-000000000000' })
    await pods.fail('evicted')
    const changed = await pods.evict('evicted', { uid, resourceVersion })
    const { object: failing } = await pods.read('evicted')
    const evicted = await pods.evict('evicted', { uid, resourceVersion: failing.metadata?.resourceVersion })
    const gone = await pods.read('evicted')
    const absent = await pods.evict('evicted', {})

    assert.deepEqual([replaced.status, changed.status], [409, 409])
    assert.deepEqual([evicted.status, evicted.object.kind], [201, 'Status'])
    assert.deepEqual([gone.status, absent.status], [404, 404])
  })

  test('imagePullSecrets of a Pod merge by name', async () => {
    const pods = await podsIn(started())
    const spec = (name: string) => ({ containers: [container('i')], imagePullSecrets: [{ name }] })

    const { status, object } = await pods.apply('applied', 'one', spec('first'))

    assert.equal(status, 201)
    assert.deepEqual(object.metadata?.managedFields?.[0]?.fieldsV1, {
      'f:spec': {
        'f:containers': { 'k:{"name":"main"}': { '.': {}, 'f:image': {}, 'f:name': {} } },
        'f:imagePullSecrets': { 'k:{"name":"first"}': {} },
      },
    })
  })

  test('Pods are selected by node, by phase and by name', async () => {
    const pods = await podsIn(started())
    await pods.create('here', { nodeName: `node-${pods.namespace}`, containers: [container('i')] })
    await pods.create('unassigned', { containers: [container('i')] })
    await pods.applyStatus('here', 'kubelet', { phase: 'Running' })

    assert.deepEqual(await pods.across(`spec.nodeName%3Dnode-${pods.namespace}`), ['here'])
    assert.deepEqual(await pods.within('status.phase%3DPending'), ['unassigned'])
    assert.deepEqual(await pods.within('status.phase!%3DPending'), ['here'])
    assert.deepEqual(await pods.within('metadata.name%3Dunassigned,spec.nodeName%3D'), ['unassigned'])
    const { status, object } = await pods.list('spec.image%3Di')
    assert.deepEqual([status, object.message], [400, 'field label not supported: spec.image'])
  })

  test('a watch of Pods reports status changes', async () => {
    const pods = await podsIn(started())
    await pods.create('failing', { containers: [container('i')] })
    const events = pods.watch()
    const begun = await events.next()

    await pods.fail('failing')
    const changed = await events.next()

    const waiting = ({ object }: WatchEvent): boolean => JSON.stringify(object.status).includes('ImagePullBackOff')
    assert.deepEqual([begun.value.type, waiting(begun.value)], ['ADDED', false])
    assert.deepEqual([changed.value.type, waiting(changed.value)], ['MODIFIED', true])
  })

  test('the spec of a Pod is immutable except for its images', async () => {
    const pods = await podsIn(started())
    await pods.create('frozen', { nodeName: 'node-1', containers: [container('i')] })

    const moved = await pods.patch('frozen', { spec: { nodeName: 'node-2' } })
    const body = { spec: { containers: [{ name: 'main', image: 'other' }] } }
    const updated = await pods.patch('frozen', body, strategicMergePatch)

    assert.deepEqual([moved.status, moved.object.details?.causes?.[0]?.field], [422, 'spec'])
    assert.match(
      moved.object.message ?? '',
      /^Pod "frozen" is invalid: spec: Forbidden: pod updates may not change fields/,
    )
    assert.deepEqual([updated.status, updated.json.spec.containers[0]?.['image']], [200, 'other'])
    assert.equal(updated.json.metadata.generation, 2)
  })

  test('an unscheduled Pod is deleted immediately; a scheduled one gets a grace period', async () => {
    const pods = await podsIn(started())
    await pods.create('unassigned', { containers: [container('i')] })
    await pods.create('here', { nodeName: 'node-1', containers: [container('i')] })

    const [unscheduled, running] = [await pods.remove('unassigned'), await pods.remove('here')]

    assert.equal(unscheduled.object.metadata?.deletionGracePeriodSeconds, 0)
    assert.equal((await pods.read('unassigned')).status, 404)
    assert.equal(running.object.metadata?.deletionGracePeriodSeconds, 30)
    assert.ok(Date.parse(running.object.metadata?.deletionTimestamp ?? '') - Date.now() > 20_000)
  })

  test('a token bound to a Pod contains the Pod and its node', async () => {
    const cluster = started()
    const pods = await podsIn(cluster)
    const { object } = await pods.create('bound', { nodeName: 'node-1', containers: [container('i')] })
    const boundObjectRef = { apiVersion: 'v1', kind: 'Pod', name: 'bound' }

    const request = (account: string) => {
      const path = `${accountsOf(pods.namespace)}/${account}/token`
      return cluster.request({ method: 'POST', path, body: { spec: { boundObjectRef } } })
    }
    await cluster.createServiceAccount(pods.namespace, 'other')
    const [own, others] = [await request('default'), await request('other')]

    const { pod, node } = claimsOf(own)
    assert.deepEqual([pod, node], [{ name: 'bound', uid: object.metadata?.uid }, { name: 'node-1' }])
    assert.deepEqual(
      [others.status, others.object.message],
      [400, 'cannot bind token for serviceaccount "other" to pod running with different serviceaccount name.'],
    )
  })
}

const container = (image: string) => ({ name: 'main', image })

const claimsOf = ({ object }: ApiResponse): { pod?: object; node?: object } => {
  const token = (typeof object.status === 'object' && object.status.token) || ''
  return JSON.parse(Buffer.from(token.split('.')[1] ?? '', 'base64url').toString())['kubernetes.io']
}
