/** What was asked of the API server, and the words that a refusal of it is put into. */
import type { Fault } from '../outside/pullpass-error.ts'

/** What was asked, in RBAC's words. */
export interface Asked {
  readonly verb: 'create' | 'get' | 'list' | 'patch' | 'delete'
  /** Plural, with a subresource after a slash: `configmaps`, `serviceaccounts/token`. */
  readonly resource: string
  /** Absent: the core group. */
  readonly group?: string
  readonly name?: string
  /** Absent: in the whole cluster. */
  readonly namespace?: string
}

export type Wording = Omit<Fault, 'hop'>
