/** One planted fault: what is broken outside of doctor, at which hop it is reported, and what fixes it. */

import type { Code } from '../../src/errors/codes.ts'
import type { DocumentChoice, World } from './ground.ts'

export interface Fault {
  /** What is wrong, as a user would report it. */
  readonly title: string
  /** The document, which stays as it is. */
  readonly document?: DocumentChoice
  /** What the ground has besides. */
  readonly before?: (world: World) => Promise<unknown>
  /** Without --pod, whose namespace would be the only one that is checked. */
  readonly everywhere?: true
  /** Into the sandbox: its state, its faults, its clock, its keys. What doctor is given stays as it is: this is held. */
  readonly plant: (world: World) => unknown
  /** How far the machine's clock is off the sandbox's, once it is planted. */
  readonly clockOffMs?: number
  /** Absent: the sandbox's, by --image. */
  readonly image?: 'of the pod'
  readonly hop: string
  readonly code: Code
  /** Absent: failed. */
  readonly result?: 'failed' | 'warning'
  readonly seen?: RegExp
  /** Other failures that remain and are independent. */
  readonly besides?: readonly Code[]
  /** Warnings of every set-up with this vendor, which no fix removes. */
  readonly remains?: readonly Code[]
  /** The printed remedy: its command or its words. */
  readonly fix: RegExp
  /**
   * `command`: the printed command is run, and then all is well. A function does what the words state, or what a command
   * does that this test cannot run. `nothing`: it passes by itself, or nothing is amiss.
   */
  readonly repair: 'command' | ((world: World) => unknown) | 'nothing'
  /** Why a printed command is not run: where one is printed, `repair` is it, else this states its purpose. */
  readonly unrun?:
    | 'it shows what is there'
    | 'a variable in it is for the operator to set'
    | 'it prompts on the terminal'
    | 'the documents must then name what it creates'
    | 'its program is not available to tests'
    | 'a warning stays, as e2e/doctor.test.ts sees'
    | 'it patches a controller, as e2e/doctor.test.ts sees'
  /** The program of the printed command, which an imitation runs in `npm test`, and the real one in e2e/clients/gcloud.test.ts. */
  readonly imitated?: 'gcloud'
}
