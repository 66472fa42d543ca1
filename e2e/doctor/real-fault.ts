/** One fault of the real world, and the hop whose printed command mends it. */
import type { Code } from '../../src/errors/codes.ts'
import type { NamespaceOptions, PreparedNamespace } from './prepare-namespace.ts'

export interface RealFault {
  /** What is wrong, as a user would tell it. */
  readonly title: string
  readonly options?: NamespaceOptions
  readonly inject: (prepared: PreparedNamespace) => unknown
  /** Without --pod, whose namespace would be the only one that is looked at. */
  readonly allNamespaces?: true
  /** Whose rights are asked about; absent: as the document tells. */
  readonly refresher?: 'named'
  /** Who looks; absent: the cluster's admin, who mends it in any case. */
  readonly variables?: (prepared: PreparedNamespace) => Promise<Readonly<Record<string, string>>>
  readonly hop: string
  readonly code: Code
  /** Absent: failed. */
  readonly result?: 'warning'
  /** The printed command, which is run. */
  readonly command?: RegExp
  /** Where words tell somebody else what to do: those, and the script that does it. */
  readonly instruction?: RegExp
  readonly manualCommand?: (prepared: PreparedNamespace) => string
  /** What stands after it, as a warning; absent: nothing. */
  readonly remainingWarning?: Code
  /** `terminal`: the command asks, and somebody says yes. */
  readonly confirmation?: 'terminal'
}
