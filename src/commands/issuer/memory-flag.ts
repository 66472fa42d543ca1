/** The flag that says which ConfigMap remembers the issuer's keys. */
import type { Flag } from '../flag.ts'

export const memoryFlag: { readonly memory: Flag & { type: 'string' } } = {
  memory: {
    type: 'string',
    value: 'NAMESPACE/NAME',
    summary: 'ConfigMap that remembers keys and revocations (default pullpass-system/pullpass-issuer)',
  },
}
