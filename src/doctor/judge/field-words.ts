/** What a user calls what he wants: fields of his document, or the variables that it was made from. */
import type { Document } from '../../document/document.ts'
import { environmentSource } from '../../document/load-documents.ts'

const variables = {
  secretName: 'REGISTRY_SECRET_NAME',
  'namespaces.include': 'REGISTRY_SECRET_NAMESPACES',
  'registries.hosts': 'REGISTRY_HOSTS',
} as const

export const fieldName = ({ source }: Pick<Document, 'source'>, field: keyof typeof variables): string =>
  source === environmentSource ? variables[field] : `spec.${field}`

/** `the document`, or `the variables`. */
export const formName = ({ source }: Pick<Document, 'source'>): string =>
  source === environmentSource ? 'the variables' : 'the document'
