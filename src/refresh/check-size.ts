/**
 * Whether a pull secret fits: the API server takes 1 MiB of data, and says so only once it has read it all.
 * https://kubernetes.io/docs/concepts/configuration/secret/#restriction-data-size
 */
import { PullpassError } from '../outside/pullpass-error.ts'
import type { Redacted } from '../outside/redacted.ts'

const mostBytes = 1024 * 1024

/** `secret`: NAMESPACE/NAME. @throws SECRET_TOO_LARGE */
export function checkSize(dockerConfigJson: Redacted, secret: string): void {
  const bytes = dockerConfigJson.byteLength()
  if (bytes <= mostBytes) return
  throw new PullpassError({
    code: 'SECRET_TOO_LARGE',
    hop: 'kubernetes',
    seen: `Secret ${secret} would hold ${bytes} bytes of credentials; it was left as it is`,
    expected: `at most ${mostBytes}, which the API server takes`,
    hint: 'name fewer hosts in one document: several documents make several Secrets',
  })
}
