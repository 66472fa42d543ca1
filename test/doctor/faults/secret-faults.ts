/** Faults. */
import type { Fault } from '../fault.ts'
export const secretFaults: readonly Fault[] = []
