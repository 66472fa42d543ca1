/**
 * The token service: an identity token for a token of the identity that the request names, if the identity accepts it. Errors have the
 * form of gRPC's; their texts are not documented. https://edu.chainguard.dev/platform/administration/assumable-ids/assumable-ids/
 */
import { bearerOf, formOf } from '../issuer/federated-service.ts'
import { type IssuerConnection, readPublishedKeys } from '../issuer/published-keys.ts'
import { claimsOf, type Rejection, verifyIdentity } from '../issuer/verify-identity.ts'
import type { SandboxHandler, SandboxResponse } from '../serve/handler.ts'
import type { ChainguardState, ClaimMatch, Identity } from './state.ts'

export interface TokenServiceNeeds {
  readonly state: ChainguardState
  readonly issuers: IssuerConnection
  readonly now: () => Date
  /** Audiences that an identity without one accepts. */
  readonly usualAudiences: () => readonly string[]
  readonly issue: (identityUid: string) => { readonly token: string; readonly expiresAt: Date }
}

export const tokenService =
  (needs: TokenServiceNeeds): SandboxHandler =>
  async (request) => {
    if (request.method !== 'POST' || request.path !== '/sts/exchange') return { status: 404, body: '' }
    const form = formOf(request)
    if (form?.get('aud') !== 'cgr.dev') return refused(400, 3, 'audience is required')
    const identity = needs.state.identities.get(form.get('identity') ?? '')
    if (identity === undefined) return refused(404, 5, 'identity not found')
    const rejection = await rejectionOf(bearerOf(request), identity, needs)
    if (rejection !== undefined) return refused(401, 16, `token does not match identity: ${rejection}`)
    const { token, expiresAt } = needs.issue(identity.uid)
    return { status: 200, body: { token, expiry: expiresAt.toISOString() } }
  }

const refused = (status: number, code: number, message: string): SandboxResponse => ({
  status,
  body: { code, message, details: [] },
})

/** Undefined where the identity accepts the token. */
async function rejectionOf(
  token: string,
  { claimMatch, staticKeys }: Identity,
  { issuers, now, usualAudiences }: TokenServiceNeeds,
): Promise<Rejection | 'identity' | 'claim' | undefined> {
  const claims = claimsOf(token)
  if (staticKeys !== undefined) {
    const { issuerKeys, expirationTime, audiences = usualAudiences(), ...expected } = staticKeys
    if (new Date(expirationTime) <= now()) return 'expired'
    return verdictOf(token, { ...expected, audiences }, JSON.parse(issuerKeys), now())
  }
  if (claimMatch === undefined) return 'identity'
  if (Object.entries(claimMatch.claims ?? {}).some(([name, value]) => claims[name] !== value)) return 'claim'
  const issuer = expectedClaim(claimMatch, 'issuer', claims['iss'])
  const subject = expectedClaim(claimMatch, 'subject', claims['sub'])
  const { audience, audiencePattern } = claimMatch
  const given = [claims['aud']].flat().map(String)
  const matching = given.filter((one) => audiencePattern !== undefined && new RegExp(audiencePattern).test(one))
  const audiences = audience !== undefined ? [audience] : audiencePattern !== undefined ? matching : usualAudiences()
  const keys = await readPublishedKeys({ issuerUri: issuer }, issuers).catch(() => ({ keys: [] }))
  return verdictOf(token, { issuer, subject, audiences }, keys, now())
}

interface Expected {
  readonly issuer: string
  readonly subject: string
  readonly audiences: readonly string[]
}

function verdictOf(
  token: string,
  { issuer, subject, audiences }: Expected,
  keys: Parameters<typeof verifyIdentity>[2],
  now: Date,
): Rejection | undefined {
  const verdicts = audiences.map((audience) => verifyIdentity(token, { issuer, subject, audience }, keys, now))
  if (verdicts.some((one) => 'claims' in one)) return undefined
  return verdicts.flatMap((one) => ('rejection' in one ? one.rejection : []))[0] ?? 'audience'
}

/** The exact one; or that of the token, where the pattern matches it. */
function expectedClaim(match: ClaimMatch, name: 'issuer' | 'subject', given: unknown): string {
  const pattern = match[`${name}Pattern`]
  if (pattern === undefined) return match[name] ?? ''
  return new RegExp(pattern).test(String(given)) ? String(given) : pattern
}
