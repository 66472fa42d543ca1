/** Identities as Chainguard returns them. https://github.com/chainguard-dev/sdk/blob/main/proto/chainguard/platform/iam/v2/identities.proto */
import type { Context } from '../../../http/context.ts'
import { UnexpectedResponse } from '../../../http/send.ts'
import { type IssuerKey, parseJwks } from '../../../oidc/keys.ts'
import { asList, asObject, asText, type JsonObject, shortText } from '../../../text/json-fields.ts'
import { orAbsent } from '../../trust/responses.ts'
import { organizationOf, parentOf } from '../names.ts'
import { type Claims, claimNames, type DesiredIdentity } from './desired.ts'
import { listChainguard, requestChainguard, uidIn } from './requests.ts'

export interface FoundIdentity {
  readonly uid: string
  readonly name: string
  readonly description: string
  readonly accepts: AcceptedClaims | AcceptedKeys | { readonly by: 'other' }
}

/** Of a claim: the text, or a regular expression. */
type Match = { readonly exact: string } | { readonly pattern: string }

/** Tokens of an issuer whose keys Chainguard reads. */
export interface AcceptedClaims extends Readonly<Record<keyof Claims, Match | undefined>> {
  readonly by: 'claims'
  /** All of it, with claims of other names: an update keeps what it does not replace. */
  readonly match: JsonObject
}

/** Tokens that one of the stored keys signed. */
export interface AcceptedKeys extends Pick<Claims, 'issuer' | 'subject'> {
  readonly by: 'keys'
  readonly audiences: readonly string[]
  /** JWKS. */
  readonly text: string
  readonly keys: readonly IssuerKey[]
  readonly expiresAt: Date | undefined
}

/** Undefined if it does not exist. @throws as requestChainguard */
export const readIdentity = async (context: Context, uid: string): Promise<FoundIdentity | undefined> =>
  await orAbsent(
    requestChainguard(
      context,
      {
        method: 'GET',
        path: `/iam/v2/identities/${uid}`,
        needs: { capability: 'identity.list', on: organizationOf(uid) },
      },
      (body) => {
        const found = identityIn(body)
        if (found.uid !== uid) throw new UnexpectedResponse(`it contains identity ${found.uid}`)
        return found
      },
    ),
  )

/** Those of the organization with the name that the printed command gives; an operator may have another one in the document. */
export const identitiesNamed = async (
  context: Context,
  { uid, name }: Pick<DesiredIdentity, 'uid' | 'name'>,
): Promise<FoundIdentity[]> => {
  const organization = organizationOf(uid)
  const found = await listChainguard(
    context,
    {
      path: '/iam/v2/identities',
      query: { 'uidp.descendants_of': organization, name },
      field: 'identities',
      needs: { capability: 'identity.list', on: organization },
    },
    identityIn,
  )
  return found.filter(
    (one) => one.name === name && organizationOf(one.uid) === organization && parentOf(one.uid) !== '',
  )
}

function identityIn(body: unknown): FoundIdentity {
  const { uid, name, description, claimMatch, staticKeys } = asObject(body) ?? {}
  const match = asObject(claimMatch)
  return {
    uid: uidIn(uid, 'an identity'),
    name: shortText(name) ?? '',
    description: shortText(description) ?? '',
    accepts: match === undefined ? (keysIn(asObject(staticKeys)) ?? { by: 'other' }) : claimsOf(match),
  }
}

function claimsOf(match: JsonObject): AcceptedClaims {
  const claim = (name: keyof Claims): Match | undefined => {
    const [exact, pattern] = [shortText(match[name]), shortText(match[`${name}Pattern`])]
    if (pattern) return { pattern }
    return exact ? { exact } : undefined
  }
  return { by: 'claims', match, issuer: claim('issuer'), subject: claim('subject'), audience: claim('audience') }
}

/** The same with these claims, each exact. */
export function replacingClaims({ match }: AcceptedClaims, claims: Partial<Claims>): AcceptedClaims {
  const left = Object.entries(match).filter(([name]) => !claimNames.some((one) => one in claims && isOf(one, name)))
  return claimsOf({ ...Object.fromEntries(left), ...claims })
}

const isOf = (claim: keyof Claims, field: string) => field === claim || field === `${claim}Pattern`

/** Larger ones are not those of a cluster, and count as none: the keys are part of a printed command. */
const longestJwks = 64 * 1024

function keysIn(found: JsonObject | undefined): AcceptedKeys | undefined {
  if (found === undefined) return undefined
  const { issuer, subject, issuerKeys, expirationTime, audiences } = found
  const stored = asText(issuerKeys) ?? ''
  const text = stored.length > longestJwks ? '' : stored
  const expiresMs = Date.parse(shortText(expirationTime) ?? '')
  return {
    by: 'keys',
    issuer: shortText(issuer) ?? '',
    subject: shortText(subject) ?? '',
    audiences: asList(audiences).flatMap((one) => shortText(one) ?? []),
    text,
    keys: parseJwks(text) ?? [],
    expiresAt: Number.isNaN(expiresMs) ? undefined : new Date(expiresMs),
  }
}
