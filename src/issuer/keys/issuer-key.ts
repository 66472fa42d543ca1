/** One public key of an issuer's JWKS, by what verifiers look at. RFC 7517 §4, RFC 7518 §6. */

export interface IssuerKey {
  /** Verifiers find a key by it; Kubernetes always gives one. */
  readonly keyId: string | undefined
  /** `RSA`, `EC`, or what a newer API server has. */
  readonly type: string
  /** Of an RSA modulus; undefined for other keys. */
  readonly bits: number | undefined
  /** `P-256`; undefined for other than EC keys. */
  readonly curve: string | undefined
  /** `RS256`: stated, or the one that follows from the key. */
  readonly algorithm: string | undefined
  /** The members that say what the key is, and nothing else: never a private one. */
  readonly members: Readonly<Record<string, string>>
  /** Names of members that no verifier of tokens needs; some clouds refuse a key for them. */
  readonly stray: readonly string[]
}

/** The same key, whatever it is called. */
export const sameKey = (one: IssuerKey, other: IssuerKey): boolean =>
  one.type === other.type && ['n', 'e', 'crv', 'x', 'y'].every((name) => one.members[name] === other.members[name])
