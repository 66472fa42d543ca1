/** The results of those that did not fail, in their order. */
import { PullpassError } from './pullpass-error.ts'

export const withoutFaults = <T>(results: readonly (T | PullpassError)[]): T[] =>
  results.flatMap((result) => (result instanceof PullpassError ? [] : [result]))
