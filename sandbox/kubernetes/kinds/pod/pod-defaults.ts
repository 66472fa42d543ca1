/** A Pod's defaults, as the API fills them in. https://kubernetes.io/docs/concepts/containers/images/#imagepullpolicy-defaulting */
import { isRecord, type KubernetesObject } from '../../objects/kubernetes-object.ts'
import { textField } from '../../objects/text-field.ts'

export function applyPodDefaults(object: KubernetesObject): KubernetesObject {
  const spec = isRecord(object['spec']) ? object['spec'] : {}
  return {
    ...object,
    spec: {
      restartPolicy: 'Always',
      terminationGracePeriodSeconds: 30,
      dnsPolicy: 'ClusterFirst',
      securityContext: {},
      schedulerName: 'default-scheduler',
      enableServiceLinks: true,
      ...spec,
      ...withContainerDefaults(spec, 'containers'),
      ...withContainerDefaults(spec, 'initContainers'),
    },
  }
}

const withContainerDefaults = (spec: Record<string, unknown>, field: string) =>
  Array.isArray(spec[field]) ? { [field]: spec[field].map(applyContainerDefaults) } : {}

const applyContainerDefaults = (container: unknown): unknown =>
  isRecord(container)
    ? {
        resources: {},
        terminationMessagePath: '/dev/termination-log',
        terminationMessagePolicy: 'File',
        imagePullPolicy: policyOf(textField(container, 'image')),
        ...container,
      }
    : container

/** What has no tag, or `latest`, may change at any time; a digest never does. */
function policyOf(image: string): string {
  if (image.includes('@')) return 'IfNotPresent'
  const tag = /:([^/:]+)$/.exec(image)?.[1] ?? 'latest'
  return tag === 'latest' ? 'Always' : 'IfNotPresent'
}
