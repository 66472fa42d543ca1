/** Events, and field selectors for the Events of an object.
 *  https://kubernetes.io/docs/reference/kubernetes-api/cluster-resources/event-v1/ */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { type ContractCluster, eventsOf } from '../kubernetes-cluster.ts'

export function eventCases(started: () => ContractCluster): void {
  test('a created Event has fields that are never absent', async () => {
    const { create, namespace } = await eventsIn(started())

    const { status, text } = await create('failed', { involvedObject: { namespace } })

    const { metadata: _, ...event } = JSON.parse(text)
    assert.equal(status, 201)
    assert.deepEqual(event, {
      kind: 'Event',
      apiVersion: 'v1',
      involvedObject: { namespace },
      source: {},
      firstTimestamp: null,
      lastTimestamp: null,
      eventTime: null,
      reportingComponent: '',
      reportingInstance: '',
    })
  })

  test('an Event is in the namespace of its involved object', async () => {
    const { create, namespace } = await eventsIn(started())

    const elsewhere = await create('failed', { involvedObject: { kind: 'Pod', namespace: 'default', name: 'a' } })
    const ofNone = await create('failed', { involvedObject: { kind: 'Node', name: 'node-1' } })

    assert.deepEqual([elsewhere.status, ofNone.status], [422, 422])
    assert.equal(
      elsewhere.object.message,
      'Event "failed" is invalid: involvedObject.namespace: Invalid value: "default": does not match event.namespace',
    )
    assert.notEqual(namespace, 'default')
  })

  for (const [selector, chosen] of [
    ['involvedObject.name=app', ['failed', 'pulled']],
    ['involvedObject.kind=Pod,involvedObject.name=other', ['other']],
    ['involvedObject.uid=0a1b', ['pulled']],
    ['involvedObject.fieldPath=spec.containers{main}', ['failed']],
    ['involvedObject.name=app,reason=Failed', ['failed']],
    ['type=Warning', ['failed']],
    ['type!=Warning', ['other', 'pulled']],
    ['source=kubelet', ['failed']],
  ] as const) {
    test(`${selector} chooses ${chosen.join(' and ')}`, async () => {
      const { create, namespace, list } = await eventsIn(started())
      const about = (fields: object) => ({ involvedObject: { kind: 'Pod', namespace, name: 'app', ...fields } })
      await create('failed', {
        ...about({ fieldPath: 'spec.containers{main}' }),
        reason: 'Failed',
        type: 'Warning',
        source: { component: 'kubelet', host: 'node-1' },
      })
      await create('pulled', { ...about({ uid: '0a1b' }), reason: 'Pulled', type: 'Normal' })
      await create('other', { ...about({ name: 'other' }), reason: 'Pulled', type: 'Normal' })

      const { object } = await list(`?fieldSelector=${encodeURIComponent(selector)}`)

      assert.deepEqual(
        object.items?.map(({ metadata }) => metadata?.name),
        chosen,
      )
    })
  }

  test('the message of an Event is not a field selector', async () => {
    const { list } = await eventsIn(started())

    const { status, object } = await list('?fieldSelector=message%3Da')

    assert.deepEqual([status, object.message], [400, 'field label not supported: message'])
  })
}

async function eventsIn(cluster: ContractCluster) {
  const namespace = await cluster.createNamespace()
  const path = eventsOf(namespace)
  return {
    namespace,
    create: (name: string, fields: object) =>
      cluster.request({ method: 'POST', path, body: { metadata: { name }, ...fields } }),
    list: (query: string) => cluster.request({ path: `${path}${query}` }),
  }
}
