/** Pods, for the diagnosis of image pulls: they are never scheduled or run. Nested fields of a container are atomic.
 *
 *  https://kubernetes.io/docs/reference/kubernetes-api/workload-resources/pod-v1/ */
import { textField } from '../objects/kubernetes-object.ts'
import { admitPod } from './pod/admit-pod.ts'
import { checkPod } from './pod/check-pod.ts'
import { applyPodDefaults } from './pod/pod-defaults.ts'
import { podMergeKeys, podShape } from './pod/pod-shape.ts'
import { addPodStatus } from './pod/pod-status.ts'
import { type ResourceKind, withGeneration } from './resource-kind.ts'

export const pod: ResourceKind = {
  group: '',
  kind: 'Pod',
  plural: 'pods',
  singular: 'pod',
  shortNames: ['po'],
  namespaced: true,
  subresources: ['status', 'eviction'],
  shape: podShape,
  mergeKeys: podMergeKeys,
  selectable: {
    'spec.nodeName': (object) => textField(object['spec'], 'nodeName'),
    'spec.restartPolicy': (object) => textField(object['spec'], 'restartPolicy'),
    'spec.schedulerName': (object) => textField(object['spec'], 'schedulerName'),
    'spec.serviceAccountName': (object) => textField(object['spec'], 'serviceAccountName'),
    'spec.hostNetwork': (object) => textField(object['spec'], 'hostNetwork') || 'false',
    'status.phase': (object) => textField(object['status'], 'phase'),
    'status.podIP': (object) => textField(object['status'], 'podIP'),
    'status.nominatedNodeName': (object) => textField(object['status'], 'nominatedNodeName'),
  },
  deleteResponse: 'object',
  graceSeconds(object) {
    const isRunning =
      textField(object['spec'], 'nodeName') && !/^(Succeeded|Failed)$/.test(textField(object['status'], 'phase'))
    return isRunning ? Number(textField(object['spec'], 'terminationGracePeriodSeconds')) : 0
  },
  admit: admitPod,
  applyDefaults: applyPodDefaults,
  addServerFields: (object, before) => withGeneration(addPodStatus(object), before, ({ spec }) => spec),
  check: checkPod,
}
