/** Which ConfigMap holds what `issuer serve` serves. */
import type { NamespacedName } from '../../document/namespaced-name.ts'

/** Two purposes, two ConfigMaps: whoever may write into the memory, to revoke a key, cannot have one served. */
export const storeBeside = ({ namespace, name }: NamespacedName): NamespacedName => ({
  namespace,
  name: `${name}-served`,
})
