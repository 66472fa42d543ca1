/** Whether a command can honour all fields of a document: one that it cannot is refused. Pure. */
import type { Document } from '../document/document.ts'
import { PullpassError } from '../errors/pullpass-error.ts'

/** A field that the command cannot honour, with the one value that it satisfies, why, and what can be done instead of its removal. */
export interface UnsupportedField {
  readonly field: 'stuckPods' | 'deletionPolicy'
  readonly only: string
  readonly reason: string
  readonly instead: string
}

/** For what a document in a file cannot have. */
export const customResource =
  'install the controller with pullpass manifests --controller --custom-resources, and apply the document with kubectl'

/** Of one pass, as of a CronJob. */
const unsupportedByOnePass: readonly UnsupportedField[] = [
  {
    field: 'stuckPods',
    only: 'Ignore',
    reason: 'only the controller watches pods',
    instead: 'install the controller with pullpass manifests --controller',
  },
  {
    field: 'deletionPolicy',
    only: 'Retain',
    reason:
      'only the controller observes that a document is deleted, and only that of a custom resource; refresh --prune deletes Secrets that it no longer selects',
    instead: customResource,
  },
]

/** Why one pass refuses the document; undefined: it honours every field. */
export const onePassFault = (document: Document): PullpassError | undefined =>
  unsupportedFault(document, unsupportedByOnePass)

/** @throws DOCUMENT_INVALID */
export function checkOnePass(document: Document): void {
  const fault = onePassFault(document)
  if (fault !== undefined) throw fault
}

/** Of the first of these fields that has another value. */
export function unsupportedFault(document: Document, fields: readonly UnsupportedField[]): PullpassError | undefined {
  for (const { field, only, reason, instead } of fields) {
    const value = document[field]
    if (value === only) continue
    return new PullpassError({
      code: 'DOCUMENT_INVALID',
      hop: 'document',
      seen: `${document.source}: spec.${field} is ${value} in ${document.kind} ${document.name}`,
      expected: `${only}: ${reason}`,
      hint: `remove ${field}: ${value}, or ${instead}`,
      details: { instead },
    })
  }
  return undefined
}
