/** Default values of a Pod. https://kubernetes.io/docs/concepts/containers/images/#imagepullpolicy-defaulting */
import { isRecord, type KubernetesObject, textField } from '../../objects/kubernetes-object.ts'

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

/** Images without a tag or with `latest` may change; images with a digest do not. */
function policyOf(image: string): string {
  if (image.includes('@')) return 'IfNotPresent'
  const tag = /:([^/:]+)$/.exec(image)?.[1] ?? 'latest'
  return tag === 'latest' ? 'Always' : 'IfNotPresent'
}
