/** Outcomes of a document without a Secret: a namespace that cannot be written to, or no namespace at all. */
import { environmentSource } from '../document/document-from-environment.ts'
import { PullpassError } from '../outside/pullpass-error.ts'
import { quote } from '../outside/quote.ts'
import { documentName } from './document-name.ts'
import type { Outcome } from './outcome.ts'
import { type Job, selectsNothing } from './plan-refresh.ts'

/** A namespace that does not exist fails; one that is being deleted is skipped, since no pod starts there. */
export function unwritableOutcomes(job: Job): Outcome[] {
  const { document, missing, terminating } = job
  const { secretName, source } = document
  const base = { document: documentName(document), secretName, registries: [] }
  if (selectsNothing(job)) return [{ ...base, ...emptyOutcome(job) }]
  return [
    ...missing.map((namespace): Outcome => {
      return { ...base, namespace, result: 'failed', fault: namespaceMissing(namespace, source) }
    }),
    ...terminating.map((namespace): Outcome => {
      return { ...base, namespace, result: 'skipped', note: 'the namespace is being deleted' }
    }),
  ]
}

function emptyOutcome({ document, unmatched }: Job): Pick<Outcome, 'result' | 'note' | 'fault'> {
  const { kind, name, source, namespaces } = document
  if (namespaces.emptyPolicy === 'Allow')
    return { result: 'skipped', note: 'no namespace is selected, which is allowed' }
  const globs = unmatched.length === 0 ? '' : `: no namespace matches ${unmatched.map(quote).join(', ')}`
  const field = source === environmentSource ? 'REGISTRY_SECRET_NAMESPACES' : 'spec.namespaces'
  const allow = source === environmentSource ? '--allow-empty' : `${field}.emptyPolicy: Allow, or --allow-empty`
  const fault = new PullpassError({
    code: 'NAMESPACES_EMPTY',
    hop: 'kubernetes',
    seen: `${kind} ${name} (${source}) selects no namespace${globs}`,
    expected: 'at least one namespace to write to',
    hint: `correct ${field}; if an empty selection is intended: ${allow}`,
  })
  return { result: 'failed', fault }
}

const namespaceMissing = (namespace: string, source: string) =>
  new PullpassError({
    code: 'NAMESPACE_MISSING',
    hop: 'kubernetes',
    seen: `namespace ${namespace} is not there, and ${source} names it`,
    expected: 'a namespace that exists',
    hint: `create it, or take its name out of ${source === environmentSource ? 'REGISTRY_SECRET_NAMESPACES' : 'the document'}`,
  })
