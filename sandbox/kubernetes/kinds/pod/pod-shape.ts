/** The fields of a Pod, and its lists that merge by a key, as in the API reference of 1.34. */
import { type FieldShape, keyedBy, leaf, leaves, mapOf, objectOf, struct } from '../../fields/field-shape.ts'

const named = (names: string): readonly string[] => names.split(' ')

const container: FieldShape = struct({
  ...leaves(
    ...named(
      'args command envFrom image imagePullPolicy lifecycle livenessProbe name ports readinessProbe resizePolicy',
    ),
    ...named(
      'restartPolicy restartPolicyRules startupProbe stdin stdinOnce targetContainerName terminationMessagePath',
    ),
    ...named('terminationMessagePolicy tty workingDir'),
  ),
  env: keyedBy('name', mapOf(leaf)),
  volumeMounts: keyedBy('mountPath', mapOf(leaf)),
  volumeDevices: keyedBy('devicePath', mapOf(leaf)),
  resources: mapOf(leaf),
  securityContext: mapOf(leaf),
})

const spec: FieldShape = struct({
  ...leaves(
    ...named('activeDeadlineSeconds affinity automountServiceAccountToken dnsConfig dnsPolicy enableServiceLinks'),
    ...named('hostIPC hostNetwork hostPID hostUsers hostname hostnameOverride nodeName nodeSelector os overhead'),
    ...named('preemptionPolicy priority priorityClassName readinessGates resources restartPolicy runtimeClassName'),
    ...named('schedulerName serviceAccount serviceAccountName setHostnameAsFQDN shareProcessNamespace subdomain'),
    ...named('terminationGracePeriodSeconds tolerations topologySpreadConstraints'),
  ),
  containers: keyedBy('name', container),
  initContainers: keyedBy('name', container),
  ephemeralContainers: keyedBy('name', container),
  volumes: keyedBy('name', mapOf(mapOf(leaf))),
  imagePullSecrets: keyedBy('name', leaf),
  hostAliases: keyedBy('ip', mapOf(leaf)),
  resourceClaims: keyedBy('name', mapOf(leaf)),
  schedulingGates: keyedBy('name', mapOf(leaf)),
  securityContext: mapOf(leaf),
})

const status: FieldShape = struct({
  ...leaves(
    ...named('containerStatuses ephemeralContainerStatuses extendedResourceClaimStatus hostIP initContainerStatuses'),
    ...named('message nominatedNodeName observedGeneration phase podIP qosClass reason resize startTime'),
  ),
  conditions: keyedBy('type', mapOf(leaf)),
  hostIPs: leaf,
  podIPs: keyedBy('ip', mapOf(leaf)),
  resourceClaimStatuses: keyedBy('name', mapOf(leaf)),
})

export const podShape: FieldShape = objectOf({ spec, status })

export const podMergeKeys: Readonly<Record<string, string>> = {
  ownerReferences: 'uid',
  finalizers: '',
  containers: 'name',
  initContainers: 'name',
  ephemeralContainers: 'name',
  env: 'name',
  ports: 'containerPort',
  volumeMounts: 'mountPath',
  volumeDevices: 'devicePath',
  volumes: 'name',
  imagePullSecrets: 'name',
  hostAliases: 'ip',
  resourceClaims: 'name',
  schedulingGates: 'name',
  topologySpreadConstraints: 'topologyKey',
  conditions: 'type',
  podIPs: 'ip',
  hostIPs: 'ip',
}
