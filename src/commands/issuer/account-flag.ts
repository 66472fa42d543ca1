/** The flag that says whose token is requested to look at what the cluster signs. */
import type { NamespacedName } from '../../document/namespaced-name.ts'
import type { Flag } from '../flag.ts'
import { parseNamespacedName } from '../parse-namespaced-name.ts'

export const accountFlag: { readonly 'service-account': Flag & { type: 'string' } } = {
  'service-account': {
    type: 'string',
    value: 'NAMESPACE/NAME',
    summary: 'Whose token is requested, for nobody, to see its issuer and key (default default/default)',
  },
}

/** @throws USAGE_INVALID */
export const readAccountFlag = (value: string | undefined, command: string): NamespacedName =>
  parseNamespacedName(value ?? 'default/default', 'service account', command)
