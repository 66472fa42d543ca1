/** One field of a provider, wanted against found. */
import type { Replaceable } from '../../finding.ts'
import type { UpdatedFields } from './google-finding.ts'

/** What is set, with words for it; what is kept; or what stands in the way. */
export interface FieldView {
  /** What `--replace` would name. */
  readonly field?: Replaceable
  readonly sets?: UpdatedFields
  readonly says?: string
  readonly note?: string
  readonly against?: string
}
