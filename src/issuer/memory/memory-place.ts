/** Which ConfigMap remembers an issuer's keys. */
import type { ConfigMapName } from '../../kubernetes/config-map.ts'

export const memoryPlace: ConfigMapName = { namespace: 'pullpass-system', name: 'pullpass-issuer' }
