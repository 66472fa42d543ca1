/** What the log states about documents: which are used, and what may be a mistake in their selection. Tenants read theirs in a status. */
import { documentName, tenantOf } from '../../document/document.ts'
import { needsNamespaceList } from '../../document/namespaces.ts'
import { PullpassError } from '../../errors/pullpass-error.ts'
import type { Context } from '../../http/context.ts'
import type { Namespace } from '../../kubernetes/objects/namespaces.ts'
import { planRefresh, selectsNothing } from '../../refresh/plan.ts'
import type { DocumentSet } from '../documents.ts'
import type { DocumentChange } from './used-documents.ts'

/** More of them, as after a start with many custom resources, are counted. */
const mostReported = 20

/** `used`: how many documents there are now. */
export function logDocuments(changes: readonly DocumentChange[], used: number, { log }: Pick<Context, 'log'>): void {
  if (changes.length > mostReported) {
    const removed = changes.filter(({ after }) => after === undefined).length
    log('info', 'documents changed', { used, changed: changes.length - removed, removed })
    return
  }
  for (const { name, before, after } of changes) {
    const { document } = after ?? before ?? {}
    if (document === undefined) continue
    const { source, secretName, registries, owner } = document
    const fields = { document: name, source, secretName }
    if (after === undefined) {
      const fate = owner === undefined ? 'stay, and are not refreshed' : 'are deleted with it'
      log('info', `a document is no longer used: its pull secrets ${fate}`, fields)
      continue
    }
    const shown = { ...fields, registries: registries.map((one) => one.name).join(', ') }
    log('info', before === undefined ? 'a document is used' : 'a document was changed', shown)
    const former = before?.document.secretName ?? secretName
    if (former !== secretName) {
      const fix = 'delete them when no pod names them; pullpass status -f FILE shows them as unused'
      log('warn', 'a document has another secretName: its former pull secrets stay, and are not refreshed', {
        ...shown,
        former,
        fix,
      })
    }
  }
}

/** Of all namespaces: what may be a mistake in a document. A named namespace gets its Secret when it is created. */
export function logSelections(
  documents: DocumentSet,
  namespaces: ReadonlyMap<string, Namespace>,
  { log }: Pick<Context, 'log'>,
): void {
  const ofOperators = [...documents.values()].flatMap(({ document }) => (tenantOf(document) ? [] : document))
  if (ofOperators.length === 0) return
  try {
    for (const job of planRefresh(ofOperators, [...namespaces.values()])) {
      const { document, missing } = job
      const fields = { document: documentName(document), source: document.source }
      for (const namespace of missing) log('warn', 'a namespace does not exist yet', { ...fields, namespace })
      const mayBeEmpty = document.namespaces.emptyPolicy === 'Allow' || !needsNamespaceList(document.namespaces)
      if (selectsNothing(job) && !mayBeEmpty) log('warn', 'a document selects no namespace', fields)
    }
  } catch (error) {
    if (!(error instanceof PullpassError)) throw error
    // The Secret stays with the document that wrote it first; the other one is refused there.
    log('error', 'two documents claim one Secret', { code: error.code, seen: error.seen })
  }
}
