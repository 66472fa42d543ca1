/** Events. The API server deletes them after an hour, the sandbox never.
 *  https://kubernetes.io/docs/reference/kubernetes-api/cluster-resources/event-v1/ */
import { invalidValue, type StatusCause } from '../calls/status-error.ts'
import { leaf, leaves, mapOf, objectOf } from '../fields/field-shape.ts'
import { type KubernetesObject, textField } from '../objects/kubernetes-object.ts'
import type { ResourceKind } from './resource-kind.ts'

const involved = ['kind', 'namespace', 'name', 'uid', 'apiVersion', 'resourceVersion', 'fieldPath']

export const event: ResourceKind = {
  group: '',
  kind: 'Event',
  plural: 'events',
  singular: 'event',
  shortNames: ['ev'],
  namespaced: true,
  subresources: [],
  shape: objectOf({
    ...leaves('involvedObject', 'related', 'reason', 'message', 'type', 'count', 'action'),
    ...leaves('firstTimestamp', 'lastTimestamp', 'eventTime', 'reportingComponent', 'reportingInstance'),
    source: mapOf(leaf),
    series: mapOf(leaf),
  }),
  mergeKeys: { ownerReferences: 'uid', finalizers: '' },
  selectable: {
    ...Object.fromEntries(
      involved.map((name) => [`involvedObject.${name}`, (object) => textField(object['involvedObject'], name)]),
    ),
    reason: (object) => textField(object, 'reason'),
    type: (object) => textField(object, 'type'),
    reportingComponent: (object) => textField(object, 'reportingComponent'),
    source: (object) => textField(object['source'], 'component') || textField(object, 'reportingComponent'),
  },
  deleteResponse: 'status',
  applyDefaults: (object) => object,
  addServerFields: (object) => ({
    involvedObject: {},
    source: {},
    firstTimestamp: null,
    lastTimestamp: null,
    eventTime: null,
    reportingComponent: '',
    reportingInstance: '',
    ...object,
  }),
  check,
}

/** Events of cluster-scoped objects are in namespace `default`. */
function check({ involvedObject, metadata }: KubernetesObject): StatusCause[] {
  const namespace = textField(involvedObject, 'namespace')
  if ((namespace || 'default') === metadata.namespace) return []
  return [invalidValue('involvedObject.namespace', namespace, 'does not match event.namespace')]
}
