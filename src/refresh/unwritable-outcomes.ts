/** Outcomes of namespaces that were named or chosen, and that nothing can be written to. */
import { environmentSource } from '../document/document-from-environment.ts'
import { PullpassError } from '../outside/pullpass-error.ts'
import { documentName } from './document-name.ts'
import type { Outcome } from './outcome.ts'
import type { Job } from './plan-refresh.ts'

/** A namespace that is missing fails; one that is being deleted is skipped, since nobody pulls there. */
export function unwritableOutcomes({ document, missing, terminating }: Job): Outcome[] {
  const { secretName, source } = document
  const base = { document: documentName(document), secretName, registries: [] }
  return [
    ...missing.map((namespace): Outcome => {
      return { ...base, namespace, result: 'failed', fault: namespaceMissing(namespace, source) }
    }),
    ...terminating.map((namespace): Outcome => {
      return { ...base, namespace, result: 'skipped', note: 'the namespace is being deleted' }
    }),
  ]
}

const namespaceMissing = (namespace: string, source: string) =>
  new PullpassError({
    code: 'NAMESPACE_MISSING',
    hop: 'kubernetes',
    seen: `namespace ${namespace} is not there, and ${source} names it`,
    expected: 'a namespace that exists',
    hint: `create it, or take its name out of ${source === environmentSource ? 'REGISTRY_SECRET_NAMESPACES' : 'the document'}`,
  })
