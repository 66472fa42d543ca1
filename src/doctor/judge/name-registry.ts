/** A registry of a document, as doctor's table names it: `google of ClusterPullSecret/pull`. */
import type { Demand } from '../../refresh/demand.ts'
import { documentName } from '../../refresh/document-name.ts'

export const nameRegistry = ({ document, registry }: Pick<Demand, 'document' | 'registry'>): string =>
  `${registry.name} of ${documentName(document)}`
