/** The error of ours, such as the transport's, that a vendor's library wrapped into its own. */
import { PullpassError } from './pullpass-error.ts'

export function faultUnder(error: unknown): PullpassError | undefined {
  let inner = error
  for (let depth = 0; depth < 5 && inner instanceof Error; depth++, inner = inner.cause) {
    if (inner instanceof PullpassError) return inner
  }
  return undefined
}
