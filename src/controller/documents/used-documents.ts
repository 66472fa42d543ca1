/**
 * The documents in use: those of files, and of custom resources with other names. After a change of one object the work is that for its
 * document, however many others there are.
 */
import { tenantOf } from '../../document/document.ts'
import type { CustomResource } from '../custom-resources.ts'
import type { ControlledDocument, DocumentSet } from '../documents.ts'
import type { ClusterView } from '../watch-cluster.ts'
import { DocumentIndex } from './document-index.ts'

/** Of one name, two contents; undefined: it was not, or is no longer, in use. */
export interface DocumentChange {
  readonly name: string
  readonly before: ControlledDocument | undefined
  readonly after: ControlledDocument | undefined
}

/** Whether it is more than a change of a PullSecret of a tenant. */
export const isOfOperators = ({ before, after }: DocumentChange): boolean =>
  [before, after].some((one) => one !== undefined && tenantOf(one.document) === undefined)

type ResourceView = {
  readonly [Kind in 'resources' | 'tenants']: Pick<ClusterView[Kind], 'objects'>
}

export class UsedDocuments {
  readonly index: DocumentIndex = new DocumentIndex()
  readonly #view: ResourceView
  #files: DocumentSet = new Map()

  constructor(view: ResourceView) {
    this.#view = view
  }

  /** Those of files. */
  get files(): DocumentSet {
    return this.#files
  }

  useFiles(files: DocumentSet): DocumentChange[] {
    const names = new Set([...this.#files.keys(), ...files.keys()])
    this.#files = files
    return this.#changesOf(names)
  }

  /** `document`: of the custom resource that changed; undefined: any can have changed. */
  useResources(document: string | undefined): DocumentChange[] {
    if (document !== undefined) return this.#changesOf([document])
    const { resources, tenants } = this.#view
    return this.#changesOf(new Set([...this.index.all.keys(), ...resources.objects.keys(), ...tenants.objects.keys()]))
  }

  /** Whether the document of a custom resource is used as it is: only its status was written. */
  isUsed(document: string): boolean {
    return this.index.all.get(document) === this.#currentOf(document)
  }

  #changesOf(names: Iterable<string>): DocumentChange[] {
    return [...names].flatMap((name) => {
      const before = this.index.all.get(name)
      const after = this.#currentOf(name)
      if (before !== after) this.index.set(name, after)
      return before?.revision === after?.revision ? [] : { name, before, after }
    })
  }

  /**
   * Of one name, the document in a file is used. A custom resource whose deletion was requested is none: what the garbage collector
   * deletes, or releases, would be restored.
   */
  #currentOf(name: string): ControlledDocument | undefined {
    const inFile = this.#files.get(name)
    if (inFile !== undefined) return inFile
    const resource: CustomResource | undefined =
      this.#view.resources.objects.get(name) ?? this.#view.tenants.objects.get(name)
    return resource?.deletion === 'none' ? resource.controlled : undefined
  }
}
