/** What is wrong with a document or a variable, and how several findings become one error. */
import type { ErrorCode } from '../outside/error-codes.ts'
import { PullpassError } from '../outside/pullpass-error.ts'

export interface Finding {
  /** Place and value: `gcp.yaml:12:7: spec.secretName is "Reg"`. */
  readonly seen: string
  readonly expected: string
}

const shownAtOnce = 12

/** Of the others, what was expected is what to write. */
const fixes: { readonly [code in ErrorCode]?: string } = {
  CREDENTIAL_FILE_INVALID:
    'write it anew: gcloud iam workload-identity-pools create-cred-config … --credential-source-file=FILE',
}

/** One error for all findings, the first of them in its first line. */
export function refuse(code: ErrorCode, findings: readonly [Finding, ...Finding[]]): PullpassError {
  const [first, ...others] = findings
  const lines = others.slice(0, shownAtOnce).map(({ seen, expected }) => `also ${seen}, expected ${expected}`)
  const rest = others.length - lines.length
  return new PullpassError({
    code,
    hop: 'document',
    seen: first.seen,
    expected: first.expected,
    also: [...lines, ...(rest > 0 ? [`and ${rest} more`] : [])],
    hint: fixes[code],
  })
}
