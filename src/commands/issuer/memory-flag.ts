/** The flag that says which ConfigMap remembers the issuer's keys. */

import { issuerMemory } from '../../document/issuer-memory.ts'
import type { NamespacedName } from '../../document/namespaced-name.ts'
import type { Flag } from '../flag.ts'
import { parseNamespacedName } from '../parse-namespaced-name.ts'

export const memoryFlag: { readonly memory: Flag & { type: 'string' } } = {
  memory: {
    type: 'string',
    value: 'NAMESPACE/NAME',
    summary: 'ConfigMap that remembers keys (default pullpass-system/pullpass-issuer)',
  },
}

/** @throws USAGE_INVALID */
export const readMemoryFlag = (value: string | undefined, command: string): NamespacedName =>
  value === undefined ? issuerMemory : parseNamespacedName(value, 'ConfigMap', command)
