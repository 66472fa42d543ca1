/** The wording for an API server that does not know who asks. */
import type { Wording } from './asked.ts'

export function unauthenticated(seen: string): Wording {
  return {
    code: 'KUBERNETES_UNAUTHENTICATED',
    seen,
    expected: 'a credential that the API server takes',
    hint: 'see that the token or client certificate is of this cluster and has not expired: kubectl auth whoami',
  }
}
