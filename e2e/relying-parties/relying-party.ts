/** Another project's relying party: given an issuer and an audience, it finds the keys itself. */

/** The values that a token is verified against. */
interface Expected {
  readonly issuer: string
  readonly audience: string
  /** PEM file of the only trusted CA. */
  readonly caFile: string
}

export interface RelyingParty {
  readonly name: string
  /** Returns the token's subject. @throws its own error */
  readonly verify: (token: string, expected: Expected) => Promise<string>
  /** Its messages for refused tokens. */
  readonly refusals: Readonly<Record<'another issuer' | 'a key that is not published' | 'another audience', RegExp>>
}
