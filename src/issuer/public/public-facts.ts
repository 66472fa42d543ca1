/** What was gathered of an issuer from outside: what the judges of each cloud look at, and nothing else. */
import type { SubjectToken } from '../../identity/subject-token.ts'
import type { IssuerKey } from '../keys/issuer-key.ts'
import type { SignatureVerdict } from '../keys/verify-signature.ts'
import type { PublicIssuer } from './read-public-issuer.ts'

export interface PublicFacts {
  /** As it was asked for; clouds compare it letter by letter. */
  readonly issuer: string
  /** Undefined where clouds ask such a URL for nothing, so that nobody asked here either. */
  readonly found: PublicIssuer | undefined
  /** Undefined where nothing was read that is a JWKS. */
  readonly keys: readonly IssuerKey[] | undefined
  /** Whoever serves the documents: one, or two where the keys lie elsewhere. */
  readonly hosts: readonly HostFacts[]
  readonly token: TokenFacts | undefined
  readonly at: Date
}

export interface HostFacts {
  /** With its port, where the URL names one. */
  readonly host: string
  /** Empty where the name was not resolved here. */
  readonly addresses: readonly string[]
  /** OpenSSL's word for why no public authority vouches for its certificate; undefined where one does, or nobody knows. */
  readonly untrusted: string | undefined
}

export interface TokenFacts {
  readonly token: SubjectToken
  /** Undefined where there were no keys to try. */
  readonly signature: SignatureVerdict | undefined
}
