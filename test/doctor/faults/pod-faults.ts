/** Faults. */
import type { Fault } from '../fault.ts'
export const podFaults: readonly Fault[] = []
