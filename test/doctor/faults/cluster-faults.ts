/** Faults. */
import type { Fault } from '../fault.ts'
export const clusterFaults: readonly Fault[] = []
