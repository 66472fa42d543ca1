/** The keys that are public where a document says so. */

import type { IssuerKey } from '../keys/issuer-key.ts'
import { parseJwks } from '../keys/parse-jwks.ts'
import { foundKeys } from '../public/found-keys.ts'
import { readPublicIssuer } from '../public/read-public-issuer.ts'
import type { BarrierPlace } from './barrier-place.ts'

/** As a stranger reads them; where the store cannot be read from here, as it holds them: a cloud may read what a pod cannot. */
export async function readPublicKeys({ issuer, target, outside }: BarrierPlace): Promise<readonly IssuerKey[]> {
  if (issuer !== undefined) {
    const { discovery, jwks } = await readPublicIssuer(outside, issuer)
    const found = jwks ?? discovery
    if (found.kind === 'answered') return foundKeys(jwks) ?? []
    outside.log('warn', "the issuer's documents cannot be read from here as a stranger", { seen: found.fault.seen })
  }
  const stored = await target.read('jwks')
  return stored === undefined ? [] : (parseJwks(stored.text) ?? [])
}
