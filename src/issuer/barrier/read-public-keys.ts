/** The keys that are public where a document says so, and from when on every verifier that caches them knows all of them. */

import { safeToSignAt } from '../documents/safe-to-sign.ts'
import type { IssuerKey } from '../keys/issuer-key.ts'
import { parseJwks } from '../keys/parse-jwks.ts'
import { foundKeys } from '../public/found-keys.ts'
import { cacheSecondsOf, readPublicIssuer } from '../public/read-public-issuer.ts'
import type { BarrierPlace } from './barrier-place.ts'

export interface PublicKeys {
  readonly keys: readonly IssuerKey[]
  /** Undefined where the server does not say since when the JWKS is as it is. */
  readonly safeAt: Date | undefined
}

/** As a stranger reads them; where the store cannot be read from here, as it holds them: a cloud may read what a pod cannot. */
export async function readPublicKeys({ issuer, target, outside }: BarrierPlace): Promise<PublicKeys> {
  if (issuer !== undefined) {
    const { discovery, jwks } = await readPublicIssuer(outside, issuer)
    const found = jwks ?? discovery
    if (found.kind === 'answered') {
      const { lastModifiedAt, cacheControl } = found
      const safeAt = lastModifiedAt && safeToSignAt(lastModifiedAt, cacheSecondsOf(cacheControl))
      return { keys: foundKeys(jwks) ?? [], safeAt }
    }
    outside.log('warn', "the issuer's documents cannot be read from here as a stranger", { seen: found.fault.seen })
  }
  const stored = await target.read('jwks')
  return { keys: stored === undefined ? [] : (parseJwks(stored.text) ?? []), safeAt: undefined }
}
