/** Faults. */
import type { Fault } from '../fault.ts'
export const exchangeFaults: readonly Fault[] = []
