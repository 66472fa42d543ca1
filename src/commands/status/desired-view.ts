/** What documents select in one or several clusters, while documents and namespaces change. */
import type { Document } from '../../document/document.ts'
import { needsNamespaceList } from '../../document/namespaces.ts'
import { asFault, PullpassError } from '../../errors/pullpass-error.ts'
import type { Namespace } from '../../kubernetes/objects/namespaces.ts'
import { planRefresh } from '../../refresh/plan.ts'
import { type Desired, listDesired } from '../../status/desired.ts'
import type { StatusScope } from '../../status/list.ts'

/** Of the kubeconfig; undefined: the current one. */
type ContextName = string | undefined

export class DesiredView {
  readonly #scope: StatusScope
  readonly #report: (fault: PullpassError, context: ContextName) => void
  #documents: readonly Document[]
  readonly #namespaces = new Map<ContextName, readonly Namespace[]>()
  readonly #desired = new Map<ContextName, Desired>()
  /** Why it is not known now what is desired: what was known stays. */
  readonly #faults = new Map<ContextName, PullpassError>()

  /** `report` is called once for each fault, until it has ended. */
  constructor(
    documents: readonly Document[],
    scope: StatusScope,
    report: (fault: PullpassError, context: ContextName) => void,
  ) {
    this.#documents = documents
    this.#scope = scope
    this.#report = report
    this.#planAll()
  }

  get needNamespaces(): boolean {
    return this.#documents.some(({ namespaces }) => needsNamespaceList(namespaces))
  }

  useDocuments(documents: readonly Document[]): void {
    this.#documents = documents
    this.#planAll()
  }

  /** Or why they cannot be listed now. */
  useNamespaces(context: ContextName, namespaces: readonly Namespace[] | PullpassError): void {
    if (namespaces instanceof PullpassError) {
      this.#setFault(context, namespaces)
      return
    }
    this.#namespaces.set(context, namespaces)
    this.#plan(context)
  }

  /** Undefined: it is not known yet. */
  in(context: ContextName): Desired | undefined {
    return this.#desired.get(context)
  }

  faultIn(context: ContextName): PullpassError | undefined {
    return this.#faults.get(context)
  }

  #planAll(): void {
    for (const context of this.#scope.contexts.length === 0 ? [undefined] : this.#scope.contexts) this.#plan(context)
  }

  #plan(context: ContextName): void {
    const namespaces = this.#namespaces.get(context)
    if (this.needNamespaces && namespaces === undefined) return
    try {
      const jobs = planRefresh(this.#documents, this.needNamespaces ? namespaces : undefined)
      this.#desired.set(context, listDesired(jobs, this.#scope))
      this.#faults.delete(context)
    } catch (error) {
      this.#setFault(context, asFault(error))
    }
  }

  #setFault(context: ContextName, fault: PullpassError): void {
    const before = this.#faults.get(context)
    this.#faults.set(context, fault)
    if (before?.message !== fault.message) this.#report(fault, context)
  }
}
