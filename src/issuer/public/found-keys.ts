/** The keys of a JWKS that a stranger was given. */
import type { IssuerKey } from '../keys/issuer-key.ts'
import { parseJwks } from '../keys/parse-jwks.ts'
import type { FoundDocument } from './read-public-issuer.ts'

/** Undefined where there was no answer, another status than 200, or no JWKS. */
export const foundKeys = (jwks: FoundDocument | undefined): readonly IssuerKey[] | undefined =>
  jwks?.kind === 'answered' && jwks.status === 200 ? parseJwks(jwks.text) : undefined
