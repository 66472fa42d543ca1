/** One planted fault: what is broken outside of doctor, where he must see it, and what mends it. */
import type { DoctorHop, FindingCode } from '../../src/doctor/finding.ts'
import type { DocumentWanted, Ground } from './ground.ts'

export interface Fault {
  /** What is wrong, as a user would tell it. */
  readonly title: string
  /** The document that works before. */
  readonly document?: DocumentWanted
  /** What the ground has besides. */
  readonly before?: (ground: Ground) => Promise<unknown>
  /** Without --pod, whose namespace would be the only one that is looked at. */
  readonly everywhere?: true
  /** Into the sandbox: its state, its faults, its clock, its keys. */
  readonly plant: (ground: Ground) => unknown
  /** How far the machine's clock is off the sandbox's, once it is planted. */
  readonly clockOffMs?: number
  /** Absent: the sandbox's. */
  readonly image?: ((ground: Ground) => string) | 'of the pod'
  readonly hop: DoctorHop
  readonly code: FindingCode
  /** Absent: failed. */
  readonly result?: 'failed' | 'warning'
  readonly seen?: RegExp
  /** What else stays failed, and is no consequence: a document that was changed since its Secret was written. */
  readonly besides?: readonly FindingCode[]
  /** What the printed remedy says: its command or its words. */
  readonly fix: RegExp
  /**
   * `command`: the printed command is run, and then all is well. A function does what the words say, or what a command
   * does that this test cannot run; `unmended`: what stands then. `nothing`: it passes by itself, or nothing is amiss.
   */
  readonly mend: 'command' | ((ground: Ground) => unknown) | 'nothing'
  /** What is still to be done then, since `besides` says what stays. */
  readonly after?: (ground: Ground) => Promise<unknown>
}
