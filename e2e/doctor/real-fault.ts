/** A fault of real components, and the hop whose printed command fixes it. */
import type { Code } from '../../src/errors/codes.ts'
import type { NamespaceOptions, PreparedNamespace } from './prepare-namespace.ts'

export interface RealFault {
  /** The problem, as a user would report it. */
  readonly title: string
  readonly options?: NamespaceOptions
  readonly inject: (prepared: PreparedNamespace) => unknown
  /** Without --pod, which limits the diagnosis to its namespace. */
  readonly allNamespaces?: true
  /** Passes --service-account; absent: the account from the document. */
  readonly refresher?: 'named'
  /** Variables of another identity for doctor; absent: the cluster's admin, which also runs the fix. */
  readonly variables?: (prepared: PreparedNamespace) => Promise<Readonly<Record<string, string>>>
  readonly hop: string
  readonly code: Code
  /** Absent: failed. */
  readonly result?: 'warning'
  /** The printed command, which is run. */
  readonly command?: RegExp
  /** If the fix is an instruction instead of a command: the instruction, and a command that follows it. */
  readonly instruction?: RegExp
  readonly manualCommand?: (prepared: PreparedNamespace) => string
  /** Code of the warning that remains after the fix; absent: none. */
  readonly remainingWarning?: Code
  /** `terminal`: the command prompts, and the test confirms. */
  readonly confirmation?: 'terminal'
}
