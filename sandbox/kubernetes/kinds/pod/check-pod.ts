/** Validation of Pods, as far as tests need it, and of the fields that may change.
 *  https://kubernetes.io/docs/concepts/workloads/pods/#pod-update-and-replacement */
import { isDeepStrictEqual } from 'node:util'
import { forbiddenValue, invalidValue, requiredValue, type StatusCause } from '../../calls/status-error.ts'
import { isRecord, type KubernetesObject, textField } from '../../objects/kubernetes-object.ts'

const nameRule =
  "a lowercase RFC 1123 label must consist of lower case alphanumeric characters or '-', and must start and end with an alphanumeric character (e.g. 'my-name',  or '123-abc', regex used for validation is '[a-z0-9]([-a-z0-9]*[a-z0-9])?')"

/** The API appends the differences in the format of Go; here they are omitted. */
const frozen =
  'pod updates may not change fields other than `spec.containers[*].image`,`spec.initContainers[*].image`,`spec.activeDeadlineSeconds`,`spec.tolerations` (only additions to existing tolerations),`spec.terminationGracePeriodSeconds` (allow it to be set to 1 if it was previously negative)'

export function checkPod(pod: KubernetesObject, before: KubernetesObject | undefined): StatusCause[] {
  if (before && !isDeepStrictEqual(frozenPart(pod), frozenPart(before))) return [forbiddenValue('spec', frozen)]
  const containers = listOf(isRecord(pod['spec']) ? pod['spec']['containers'] : undefined)
  return containers.length === 0 ? [requiredValue('spec.containers')] : containers.flatMap(checkContainer)
}

function checkContainer(container: unknown, at: number): StatusCause[] {
  const [name, image] = [textField(container, 'name'), textField(container, 'image')]
  const field = `spec.containers[${at}]`
  const causes: StatusCause[] = []
  if (!name) causes.push(requiredValue(`${field}.name`))
  else if (!/^[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?$/.test(name)) {
    causes.push(invalidValue(`${field}.name`, name, nameRule))
  }
  if (!image) causes.push(requiredValue(`${field}.image`))
  return causes
}

function frozenPart({ spec }: KubernetesObject): object {
  const fields = isRecord(spec) ? spec : {}
  const { activeDeadlineSeconds: _, tolerations: __, containers, initContainers, ...rest } = fields
  return {
    ...rest,
    containers: listOf(containers).map(withoutImage),
    initContainers: listOf(initContainers).map(withoutImage),
  }
}

function withoutImage(container: unknown): unknown {
  if (!isRecord(container)) return container
  const { image: _, ...rest } = container
  return rest
}

const listOf = (value: unknown): readonly unknown[] => (Array.isArray(value) ? value : [])
