/** Whether a value is a document: first its shape by the schema of its kind, then the rules between its fields. */
import { documentFlaws } from './document-flaws.ts'
import type { DocumentForm } from './document-form.ts'
import type { Flaw } from './flaw.ts'
import { clusterPullSecret, pullSecret } from './schema.ts'
import { checkShape } from './schema-flaws.ts'
import { showValue } from './show-value.ts'

/** The document's form, or all that is wrong with it. */
export function checkForm(value: unknown): { readonly form: DocumentForm } | readonly Flaw[] {
  const checked = checkKind(value)
  if (!('form' in checked)) return checked
  const flaws = documentFlaws(checked.form)
  return flaws.length === 0 ? checked : flaws
}

function checkKind(value: unknown): { readonly form: DocumentForm } | readonly Flaw[] {
  const expected = 'an object of kind ClusterPullSecret or PullSecret'
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    return [{ path: [], says: `is ${typeof value === 'string' ? 'a text' : showValue(value)}`, expected }]
  }
  const kind = 'kind' in value ? value.kind : undefined
  if (kind === 'ClusterPullSecret') return checkShape(clusterPullSecret, value)
  if (kind === 'PullSecret') return checkShape(pullSecret, value)
  return [{ path: ['kind'], says: `is ${showValue(kind)}`, expected: 'ClusterPullSecret or PullSecret' }]
}
