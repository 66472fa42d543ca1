/** A registry of a document, as doctor's table names it: `google of ClusterPullSecret/pull`. */
import type { ExchangeRequest } from '../../refresh/exchange-requests.ts'
import { documentName } from '../../refresh/plan.ts'

export const nameRegistry = ({ document, registry }: Pick<ExchangeRequest, 'document' | 'registry'>): string =>
  `${registry.name} of ${documentName(document)}`
