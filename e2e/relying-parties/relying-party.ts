/** Another project's relying party: given an issuer and an audience, it finds the keys itself. */

/** What a token is held against. */
interface Expected {
  readonly issuer: string
  readonly audience: string
  /** PEM, on disk: the one authority that it believes. */
  readonly caFile: string
}

export interface RelyingParty {
  readonly name: string
  /** The token's subject. @throws in its own words */
  readonly verify: (token: string, expected: Expected) => Promise<string>
  /** Its words for what it refuses. */
  readonly refusals: Readonly<Record<'another issuer' | 'a key that is not published' | 'another audience', RegExp>>
}
