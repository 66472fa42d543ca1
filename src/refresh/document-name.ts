/** A document's name as people and annotations write it: `ClusterPullSecret/NAME`, `PullSecret/NAMESPACE/NAME`. */
import type { Document } from '../document/document.ts'

export function documentName({ kind, namespace, name }: Document): string {
  return namespace === undefined ? `${kind}/${name}` : `${kind}/${namespace}/${name}`
}
