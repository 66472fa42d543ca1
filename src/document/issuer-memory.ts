/** Which ConfigMap remembers an issuer's keys, unless another is named. */
import type { NamespacedName } from './namespaced-name.ts'

export const issuerMemory: NamespacedName = {
  namespace: 'pullpass-system',
  name: 'pullpass-issuer',
}
