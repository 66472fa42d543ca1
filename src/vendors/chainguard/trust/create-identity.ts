/**
 * An identity that the document names and that does not exist. pullpass does not create it, since Chainguard chooses its id: the plan
 * prints the command, with the issuer, the subject and the audience of the ServiceAccount's tokens.
 * https://edu.chainguard.dev/platform/chainctl/chainctl-docs/chainctl_iam_identities_create/
 */
import type { Context } from '../../../http/context.ts'
import { checkIssuerUrl } from '../../../oidc/issuer-url.ts'
import { type IssuerKey, renderJwk } from '../../../oidc/keys.ts'
import { readPublicIssuer } from '../../../oidc/public/public-issuer.ts'
import { shellQuote } from '../../../text/shell.ts'
import { trustRefused } from '../../trust/contract.ts'
import type { VendorFinding } from '../../trust/marked-resource.ts'
import { parentOf } from '../names.ts'
import { type Claims, claimNames, type DesiredIdentity } from './desired.ts'
import { type AcceptedClaims, type FoundIdentity, identitiesNamed } from './found-identity.ts'
import { absentIdentityHcl } from './terraform.ts'

export async function absentIdentity(desired: DesiredIdentity, context: Context): Promise<VendorFinding> {
  const { uid, issuer, subject, keys } = desired
  const absent = { presence: 'absent', verdict: 'refused', hcl: absentIdentityHcl(desired) } as const
  const created = (await identitiesNamed(context, desired)).find(({ accepts }) => isFor(accepts, desired))
  if (created !== undefined) {
    const fault = trustRefused(`identity ${uid} does not exist, and ${created.uid} is for ${subject} of this cluster`, {
      expected: 'chainguard.identity to name an existing identity',
      hint: `name ${created.uid} there`,
    })
    return { ...absent, instead: created.uid, fault }
  }
  const storesKeys = keys !== undefined && !(await isPublic(issuer, context))
  const fault = trustRefused(`identity ${uid} does not exist`, {
    expected: 'an existing one: Chainguard chooses its id, which the document names',
    hint: storesKeys
      ? 'publish the issuer first; or create an identity that stores the keys, until they expire, and name its id in chainguard.identity'
      : 'correct chainguard.identity, or create the identity and name its id there',
    command: creation(desired, storesKeys ? 'keys' : 'claims'),
  })
  return { ...absent, fault }
}

/** `wider`: a regular expression, which may accept the claim of these tokens, and others. */
type Comparison = 'equal' | 'wider' | 'other'

export function compareClaim(accepts: AcceptedClaims, desired: DesiredIdentity, name: keyof Claims): Comparison {
  const match = accepts[name]
  if (match === undefined)
    return name === 'audience' && desired.usualAudiences.includes(desired.audience) ? 'equal' : 'other'
  if ('pattern' in match) return 'wider'
  return match.exact === desired[name] ? 'equal' : 'other'
}

/** Whether exactly these tokens may assume it. */
export const isFor = (accepts: FoundIdentity['accepts'], desired: DesiredIdentity): boolean =>
  accepts.by === 'claims'
    ? claimNames.every((name) => compareClaim(accepts, desired, name) === 'equal')
    : accepts.by === 'keys' && accepts.issuer === desired.issuer && accepts.subject === desired.subject

/** Whether an anonymous client can read its discovery document, as Chainguard does. */
async function isPublic(issuer: string, context: Context): Promise<boolean> {
  if (checkIssuerUrl(issuer, 'the issuer') !== undefined) return false
  const { discovery } = await readPublicIssuer(context, issuer)
  return discovery.kind === 'response' && discovery.status === 200
}

/** The fix where the document names an identity that is for others. */
export const nameAnother = (
  desired: DesiredIdentity,
  by: 'claims' | 'keys',
): { readonly hint: string; readonly command: string } => ({
  hint: 'create another identity and name its id in chainguard.identity',
  command: creation(desired, by),
})

/** `keys`: for an issuer that is not public. Such an identity has no audience of its own. */
function creation(desired: DesiredIdentity, by: 'claims' | 'keys'): string {
  const { uid, name, description, issuer, subject, audience, keys = [] } = desired
  const place = ['--parent', parentOf(uid), '--description', description]
  const token = ['--identity-issuer', issuer, '--subject', subject]
  const how = by === 'keys' ? ['--issuer-keys', jwksOf(keys)] : ['--audience', audience]
  return commandOf(['iam', 'identities', 'create', name, ...place, ...token, ...how, '--yes', '--output', 'id'])
}

export const jwksOf = (keys: readonly IssuerKey[]): string => JSON.stringify({ keys: keys.map(renderJwk) })

export const commandOf = (words: readonly string[]): string => ['chainctl', ...words.map(shellQuote)].join(' ')
