/**
 * An identity, and the tokens that may assume it. It is for one issuer, one subject and one audience: a change of one takes it from its
 * present users, so that each is made only where `--replace` names it.
 * https://edu.chainguard.dev/platform/administration/assumable-ids/assumable-ids/
 */
import type { PullpassError } from '../../../errors/pullpass-error.ts'
import type { Context } from '../../../http/context.ts'
import { type IssuerKey, mergeKeys, sameKey } from '../../../oidc/keys.ts'
import { kidsOf } from '../../../oidc/stored-keys.ts'
import { asTexts } from '../../../text/json-fields.ts'
import { rfc3339 } from '../../../text/time.ts'
import {
  type Accepted,
  changedMeanwhile,
  type RemovalPlan,
  type RemovalScope,
  trustRefused,
} from '../../trust/contract.ts'
import { sharingOf } from '../../trust/findings.ts'
import type { VendorChange, VendorFinding } from '../../trust/marked-resource.ts'
import { describeOwner, isMarked, marksIn } from '../../trust/marks.ts'
import { organizationOf } from '../names.ts'
import { absentIdentity, commandOf, compareClaim, isFor, jwksOf, nameAnother } from './create-identity.ts'
import { type Claims, claimNames, type DesiredIdentity, identityName } from './desired.ts'
import {
  type AcceptedClaims,
  type AcceptedKeys,
  type FoundIdentity,
  readIdentity,
  replacingClaims,
} from './found-identity.ts'
import { requestChainguard } from './requests.ts'
import { identityHcl } from './terraform.ts'

export async function observeIdentity(
  desired: DesiredIdentity,
  accepted: Accepted,
  context: Context,
): Promise<VendorFinding> {
  const found = await readIdentity(context, desired.uid)
  if (found === undefined) return await absentIdentity(desired, context)
  const { accepts } = found
  if (accepts.by === 'claims') return evaluateClaims(desired, { ...found, accepts }, accepted, context)
  const present = { presence: 'present', hcl: identityHcl(found, context.now()) } as const
  if (accepts.by === 'keys') return { ...present, ...evaluateKeys(desired, accepts, context.now()) }
  const fault = trustRefused(`identity ${desired.uid} is not for tokens of an issuer`, {
    expected: 'an identity for the tokens of this ServiceAccount',
    ...nameAnother(desired, 'claims'),
  })
  return { ...present, verdict: 'refused', fault }
}

// It compares the claims of tokens, with keys that Chainguard reads at the issuer.

type ClaimIdentity = FoundIdentity & { readonly accepts: AcceptedClaims }
type ClaimName = keyof Claims

function evaluateClaims(
  desired: DesiredIdentity,
  found: ClaimIdentity,
  accepted: Accepted,
  context: Context,
): VendorFinding {
  const { accepts } = found
  const compared = claimNames.map((name) => ({ name, is: compareClaim(accepts, desired, name) }))
  const different = compared.flatMap(({ name, is }) => (is === 'equal' ? [] : [name]))
  const fields = different.filter((name) => accepted.replace.includes(name))
  const left = compared.filter(({ name }) => !fields.includes(name))
  const others = left.flatMap(({ name, is }) => (is === 'other' ? [name] : []))
  const wider = left.flatMap(({ name, is }) => (is === 'wider' ? [name] : []))
  const unchanged = { presence: 'present', hcl: identityHcl(found, context.now()) } as const
  if (others.length > 0) {
    const fault = otherToken(desired, found, others)
    return { ...unchanged, verdict: 'refused', fault, override: { replace: others } }
  }
  const sharing = wider.includes('issuer') ? sharingOf(ownIdentity(desired), [anyToken(accepts)], accepted.sharing) : {}
  if (sharing.verdict === 'refused')
    return { ...unchanged, ...sharing, verdict: 'refused', override: { replace: ['issuer'] } }
  const notes = [
    ...(sharing.notes ?? []),
    ...wider.map(
      (name) =>
        `it accepts each ${name} that matches ${shown(accepts, name)}: --replace ${name} accepts only ${desired[name]}`,
    ),
    ...otherClaims(accepts),
  ]
  const common = { ...unchanged, ...sharing, notes, kept: wider }
  if (fields.length === 0) return { ...common, verdict: 'ok' }
  const hcl = identityHcl(replacing(desired, found, fields), context.now())
  return { ...common, verdict: 'update', changes: [update(desired, { found, fields, accepted }, context)], hcl }
}

const ownIdentity = (desired: DesiredIdentity) => ({
  name: identityName(desired),
  clusters: [{ name: desired.issuer, issuer: desired.issuer }],
})

const anyToken = (accepts: AcceptedClaims) => ({
  issuer: `that matches ${shown(accepts, 'issuer')}`,
  subject: `subject ${shown(accepts, 'subject')}`,
})

function shown(accepts: AcceptedClaims, name: ClaimName): string {
  const match = accepts[name]
  if (match === undefined) return '(none)'
  return 'exact' in match ? match.exact : match.pattern
}

function otherClaims({ match: { claims, claimPatterns } }: AcceptedClaims): string[] {
  const names = [claims, claimPatterns].flatMap((one) => Object.keys(asTexts(one))).map((name) => name.slice(0, 100))
  if (names.length === 0) return []
  return [`it also compares the claims ${names.slice(0, 10).join(', ')}, which tokens must have`]
}

function otherToken(
  desired: DesiredIdentity,
  { uid, description, accepts }: ClaimIdentity,
  names: readonly ClaimName[],
): PullpassError {
  const isOfOther = marksIn(description).length > 0 && !isMarked(description, [desired.mark])
  const seen = `identity ${uid} is for ${names.map((name) => `${name} ${shown(accepts, name)}`).join(', ')}`
  return trustRefused(isOfOther ? `${seen}; ${describeOwner(description)}` : seen, {
    expected: names.map((name) => `${name} ${desired[name]}`).join(', '),
    hint: `name another identity in chainguard.identity; or, if nothing else assumes this one: ${names.map((name) => `--replace ${name}`).join(' ')}`,
  })
}

/** The mark is that of the issuer; a description that pullpass did not write stays. */
function replacing(desired: DesiredIdentity, found: ClaimIdentity, fields: readonly ClaimName[]): ClaimIdentity {
  const accepts = replacingClaims(found.accepts, Object.fromEntries(fields.map((name) => [name, desired[name]])))
  const replacesMark = fields.includes('issuer') && marksIn(found.description).length > 0
  return { ...found, accepts, ...(replacesMark && { description: desired.description }) }
}

interface ClaimUpdate {
  readonly found: ClaimIdentity
  readonly fields: readonly ClaimName[]
  readonly accepted: Accepted
}

const flags = { issuer: '--identity-issuer', subject: '--subject', audience: '--audience' } as const

/**
 * There is no precondition: the identity is read again immediately before it is written, with every field, as the Terraform provider
 * writes it. https://github.com/chainguard-dev/terraform-provider-chainguard/blob/main/internal/provider/resource_identity.go
 */
function update(desired: DesiredIdentity, { found, fields, accepted }: ClaimUpdate, context: Context): VendorChange {
  const { uid } = desired
  const changed = fields.map((name) => `${name} ${desired[name]} instead of ${shown(found.accepts, name)}`)
  const { description } = replacing(desired, found, fields)
  const described = description === found.description ? [] : ['--description', description]
  const claims = fields.flatMap((name) => [flags[name], desired[name]])
  return {
    action: 'update',
    fields,
    description: `update identity ${uid}: ${changed.join(', ')}`,
    words: ['iam', 'identities', 'update', uid, ...claims, ...described, '--yes'],
    async apply() {
      const current = await readIdentity(context, uid)
      if (current?.accepts.by !== 'claims') throw changedMeanwhile(`identity ${uid}`)
      const present = { ...current, accepts: current.accepts }
      const { fault } = evaluateClaims(desired, present, accepted, context)
      if (fault !== undefined) throw fault
      const { name, description: text, accepts } = replacing(desired, present, fields)
      await requestChainguard(
        context,
        {
          method: 'PATCH',
          path: `/iam/v2/identities/${uid}?updateMask=*`,
          json: { name, description: text, claimMatch: accepts.match },
          needs: { capability: 'identity.update', on: organizationOf(uid) },
        },
        () => undefined,
      )
    },
  }
}

// It stores the keys. Whether an update prolongs them is not documented, so pullpass reports them.

function evaluateKeys(
  desired: DesiredIdentity,
  { issuer, subject, audiences, keys, expiresAt }: AcceptedKeys,
  now: Date,
): Pick<VendorFinding, 'verdict' | 'fault' | 'override' | 'notes'> {
  const { uid, usualAudiences } = desired
  const accepted = { issuer, subject, audience: (audiences.length === 0 ? usualAudiences : audiences).join(' or ') }
  const isOther = (name: ClaimName) =>
    name === 'audience'
      ? !(audiences.length === 0 ? usualAudiences : audiences).includes(desired.audience)
      : accepted[name] !== desired[name]
  const others = claimNames.filter(isOther)
  if (others.length > 0) {
    const seen = `identity ${uid} is for ${others.map((name) => `${name} ${accepted[name]}`).join(', ')}`
    const expected = others.map((name) => `${name} ${desired[name]}`).join(', ')
    return { verdict: 'refused', fault: trustRefused(seen, { expected, ...nameAnother(desired, 'keys') }) }
  }
  if (expiresAt !== undefined && expiresAt <= now) {
    const seen = `the keys that identity ${uid} stores expired at ${rfc3339(expiresAt)}`
    const expected = 'keys that are valid: Chainguard limits their lifetime'
    return { verdict: 'refused', fault: trustRefused(seen, { expected, ...nameAnother(desired, 'keys') }) }
  }
  const served = desired.keys ?? []
  const missing = served.filter((key) => !isIn(key, keys))
  if (missing.length > 0) {
    // Other API servers may have the other keys.
    const all = jwksOf(mergeKeys(served, keys))
    const command = commandOf(['iam', 'identities', 'update', uid, '--issuer-keys', all, '--yes'])
    const seen = `identity ${uid} stores its keys, without the key ${kidsOf(missing)} of the cluster`
    const fault = trustRefused(seen, { expected: 'all keys of the cluster', hint: 'add them', command })
    return { verdict: 'refused', fault, override: { command } }
  }
  const extra = desired.keys === undefined ? [] : keys.filter((key) => !isIn(key, served))
  const until = expiresAt === undefined ? 'expire' : `expire at ${rfc3339(expiresAt)}`
  const notes = [
    `the keys that it stores ${until}: before that, create another identity and name its id in chainguard.identity`,
    ...(desired.keys === undefined ? ['these keys were not compared: the cluster was not read'] : []),
    ...(extra.length > 0 ? [`it also stores the key ${kidsOf(extra)}, which this API server does not serve`] : []),
  ]
  return { verdict: 'ok', notes }
}

const isIn = (key: IssuerKey, all: readonly IssuerKey[]) =>
  all.some((one) => one.keyId === key.keyId && sameKey(one, key))

/** `furtherRoles`: names of roles that do not come from these documents. */
export async function planIdentityRemoval(
  desired: DesiredIdentity,
  { marks }: RemovalScope,
  furtherRoles: () => Promise<readonly string[]>,
  context: Context,
): Promise<RemovalPlan> {
  const { uid } = desired
  const found = await readIdentity(context, uid)
  if (found === undefined) return { state: 'absent' }
  if (!isMarked(found.description, marks)) return { state: 'kept', note: describeOwner(found.description) }
  if (!isFor(found.accepts, desired)) return { state: 'kept', note: 'it is also for other tokens' }
  const others = await furtherRoles()
  if (others.length > 0) return { state: 'kept', note: `it has further roles: ${others.join(', ')}` }
  return {
    state: 'removable',
    async remove() {
      const needs = { capability: 'identity.delete', on: organizationOf(uid) }
      const request = { method: 'DELETE', path: `/iam/v2/identities/${uid}`, statuses: [200, 204], needs } as const
      await requestChainguard(context, request, () => undefined)
      return undefined
    },
  }
}
