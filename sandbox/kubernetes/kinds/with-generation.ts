/** metadata.generation: the number of changes of the desired state, which only the server counts.
 *  https://kubernetes.io/docs/reference/kubernetes-api/common-definitions/object-meta/ */
import { isDeepStrictEqual } from 'node:util'
import type { KubernetesObject } from '../objects/kubernetes-object.ts'

/** `specOf` selects the desired state: another value is another generation. */
export function withGeneration(
  object: KubernetesObject,
  before: KubernetesObject | undefined,
  specOf: (object: KubernetesObject) => unknown,
): KubernetesObject {
  const last = before?.metadata.generation ?? 0
  const generation = before && isDeepStrictEqual(specOf(before), specOf(object)) ? last : last + 1
  return { ...object, metadata: { ...object.metadata, generation } }
}
