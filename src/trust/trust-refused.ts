/** What is there at the vendor's and stands against what is wanted. */
import { PullpassError } from '../outside/pullpass-error.ts'

export const trustRefused = (
  seen: string,
  { expected, hint }: { readonly expected: string; readonly hint?: string },
): PullpassError => new PullpassError({ code: 'TRUST_REFUSED', hop: 'trust', seen, expected, hint })
