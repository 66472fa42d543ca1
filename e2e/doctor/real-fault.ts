/** One fault of the real world, and the hop whose printed command mends it. */

import type { Code } from '../../src/errors/codes.ts'
import type { DoctorGround, GroundWanted } from './open-ground.ts'

export interface RealFault {
  /** What is wrong, as a user would tell it. */
  readonly title: string
  readonly ground?: GroundWanted
  readonly plant: (ground: DoctorGround) => unknown
  /** Without --pod, whose namespace would be the only one that is looked at. */
  readonly everywhere?: true
  /** Whose rights are asked about; absent: as the document tells. */
  readonly refresher?: 'named'
  /** Who looks; absent: the cluster's admin, who mends it in any case. */
  readonly as?: (ground: DoctorGround) => Promise<Readonly<Record<string, string>>>
  readonly hop: string
  readonly code: Code
  /** Absent: failed. */
  readonly result?: 'warning'
  /** The printed command, which is run. */
  readonly runs?: RegExp
  /** Where words tell somebody else what to do: those, and the script that does it. */
  readonly says?: RegExp
  readonly does?: (ground: DoctorGround) => string
  /** What stands after it, as a warning; absent: nothing. */
  readonly leaves?: Code
  /** `terminal`: the command asks, and somebody says yes. */
  readonly where?: 'terminal'
}
