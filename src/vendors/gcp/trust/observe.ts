/** Observes one resource at Google and evaluates it. */

import { asFault, PullpassError } from '../../../errors/pullpass-error.ts'
import { asObject, asText } from '../../../text/json-fields.ts'
import { shellQuote } from '../../../text/plain-text.ts'
import { type Accepted, type Replaceable, trustRefused } from '../../trust-contract.ts'
import { accountParts, gcloudAccount } from '../names.ts'
import type { AccountHistory, FormerAccount } from './account-history.ts'
import { compareProvider } from './compare-provider.ts'
import {
  type DesiredAccount,
  type DesiredGrant,
  type DesiredPool,
  type DesiredProvider,
  grantName,
  targetName,
} from './desired-state.ts'
import type { CreatedResource, GcpFinding, Resource } from './finding.ts'
import { accountPath, identityPath } from './names.ts'
import {
  type FoundAccount,
  type FoundPool,
  readFoundAccount,
  readFoundPool,
  readFoundProvider,
} from './observed-state.ts'
import { countMembers, heldByDeleted, holds, mostMembers, type Policy, policyFull, readPolicy } from './policy.ts'
import { type GcpConnection, readResource } from './requests.ts'
import { describeSharing, type ListedProvider, listProviders, poolShared } from './sharing.ts'

export type DesiredResource =
  /** `projects`: where a pool with the same ids is searched if this one does not exist. */
  | { readonly kind: 'pool'; readonly wanted: DesiredPool; readonly projects: readonly string[] }
  | { readonly kind: 'provider'; readonly wanted: DesiredProvider }
  | { readonly kind: 'account'; readonly wanted: DesiredAccount }
  | { readonly kind: 'grant'; readonly wanted: DesiredGrant }

/** A resource that cannot be read is `unknown`, with the reason; only an interruption is thrown. */
export async function observeResource(
  wanted: DesiredResource,
  accepted: Accepted,
  history: AccountHistory,
  google: GcpConnection,
): Promise<GcpFinding> {
  try {
    return await evaluateResource(wanted, accepted, history, google)
  } catch (error) {
    google.context.signal.throwIfAborted()
    const fault = asFault(error)
    return { after: asDesired(wanted), presence: 'absent', verdict: 'unknown', changes: [], notes: [], fault }
  }
}

async function evaluateResource(
  one: DesiredResource,
  accepted: Accepted,
  history: AccountHistory,
  google: GcpConnection,
): Promise<GcpFinding> {
  switch (one.kind) {
    case 'pool':
      return await observePool(one, accepted, google)
    case 'provider': {
      const found = await readResource(google, identityPath(one.wanted.name), readFoundProvider)
      return compareProvider(one.wanted, found, accepted.replace)
    }
    case 'account':
      return await observeAccount(one.wanted, history, google)
    case 'grant':
      return await observeGrant(one.wanted, accepted, google)
    default:
      return one satisfies never
  }
}

/** Google does not list the providers of a deleted pool; those that are restored with it are found by the next observation. */
async function observePool(
  { wanted, projects }: Extract<DesiredResource, { kind: 'pool' }>,
  { sharing }: Accepted,
  google: GcpConnection,
): Promise<GcpFinding> {
  const found = await readResource(google, identityPath(wanted.name), readFoundPool).catch(asFault)
  if (found === undefined || found instanceof PullpassError) {
    google.context.signal.throwIfAborted()
    const absent =
      found === undefined ? evaluatePool(wanted, found, { listed: [], sharing }) : unknownPool(wanted, found)
    const instead = await findNamesake(wanted, projects, google)
    return instead === undefined ? absent : { ...absent, instead, notes: [...absent.notes, noteOf(instead)] }
  }
  const listed = found.state === 'ACTIVE' ? await listProviders(google, wanted.name) : []
  return evaluatePool(wanted, found, { listed, sharing })
}

const unknownPool = ({ name, description }: DesiredPool, fault: PullpassError): GcpFinding => ({
  after: { kind: 'pool', name, description },
  presence: 'absent',
  verdict: 'unknown',
  changes: [],
  notes: [],
  fault,
})

/** By far the most likely mistake in a provider's name is the number of its project. */
async function findNamesake(
  { clusters }: DesiredPool,
  projects: readonly string[],
  google: GcpConnection,
): Promise<string | undefined> {
  for (const { issuer, providers } of clusters) {
    for (const name of providers.flatMap((provider) => projects.map((project) => inProject(provider, project)))) {
      const found = await readResource(google, identityPath(name), readNamesake).catch(() => undefined) // a guess, no more
      if (found?.issuer === issuer && found.state === 'ACTIVE') return found.name
    }
  }
  return undefined
}

const inProject = (name: string, project: string) => name.replace(/^projects\/[^/]+\//, `projects/${project}/`)

/** Google names it with the number of its project. */
const readNamesake = (body: unknown) => ({ ...readFoundProvider(body), name: asText(asObject(body)?.['name']) })

const noteOf = (instead: string) =>
  `${instead} has the same ids and this cluster's issuer: see that the project number in gcp.workloadIdentityProvider is right`

async function observeAccount(
  wanted: DesiredAccount,
  history: AccountHistory,
  google: GcpConnection,
): Promise<GcpFinding> {
  const found = await readResource(google, accountPath(wanted.email), readFoundAccount)
  if (found === undefined) return evaluateAccount(wanted, undefined, await history.former(wanted.email))
  history.saw(wanted.email, found.uniqueId)
  return evaluateAccount(wanted, found, undefined)
}

/** Repositories are not created by pullpass. */
async function observeGrant(grant: DesiredGrant, { replace }: Accepted, google: GcpConnection): Promise<GcpFinding> {
  const policy = await readPolicy(google, grant.on)
  if (policy !== undefined || grant.on.kind === 'serviceAccount') return evaluateGrant(grant, policy, replace)
  const { name } = grant.on
  const location = name.split('/')[3] ?? '' // gcloud wants it beside a full name, too
  const words = [name, `--location=${location}`, '--repository-format=docker']
  const fault = trustRefused(`repository ${name} does not exist`, {
    expected: 'one that exists: pullpass trust creates none',
    hint: `correct gcp.trust.repository, or: gcloud artifacts repositories create ${words.map(shellQuote).join(' ')}`,
  })
  return { after: { kind: 'grant', grant }, presence: 'absent', verdict: 'refused', changes: [], notes: [], fault }
}

/** As it would be made. */
function asDesired(one: DesiredResource): Resource {
  if (one.kind === 'pool') return evaluatePool(one.wanted, undefined, { listed: [], sharing: 'accepted' }).after
  if (one.kind === 'provider') return compareProvider(one.wanted, undefined, []).after
  if (one.kind === 'account') return evaluateAccount(one.wanted, undefined, undefined).after
  return { kind: 'grant', grant: one.wanted }
}

// A service account, desired and found: pure.

/** `former`: of a name that is free, the deleted account that had it. */
export function evaluateAccount(
  wanted: DesiredAccount,
  found: FoundAccount | undefined,
  former: FormerAccount | undefined,
): GcpFinding {
  const { email, description } = wanted
  const after = { kind: 'account', email, description } as const
  if (found === undefined) return evaluateAbsentAccount(after, former)
  // An empty name was set by another owner, too: a new account has the one of pullpass.
  const { description: said, displayName = '' } = found
  const present = { after: { ...after, description: said, displayName }, presence: 'present', notes: [] } as const
  if (!found.disabled) return { ...present, verdict: 'ok', changes: [] }
  const command = `gcloud iam service-accounts enable ${gcloudAccount(email).map(shellQuote).join(' ')}`
  const fault = trustRefused(`service account ${email} is disabled`, {
    expected: 'an enabled one, or another',
    hint: `ask who disabled it, then: ${command}`,
  })
  return { ...present, verdict: 'refused', changes: [], fault, override: { command } }
}

type Account = Extract<CreatedResource, { kind: 'account' }>

/** Made anew it would be another, to which nothing is granted of what the deleted one had. */
function evaluateAbsentAccount(after: Account, former: FormerAccount | undefined): GcpFinding {
  const { email } = after
  const absent = { after, presence: 'absent', notes: [] } as const
  if (accountParts(email) === undefined) {
    const fault = trustRefused(`service account ${email} does not exist, and nobody can create one of this name`, {
      expected: 'NAME@PROJECT.iam.gserviceaccount.com, of 6 to 30 lower-case letters, digits and "-"',
      hint: "correct the document's serviceAccountEmail",
    })
    return { ...absent, verdict: 'refused', changes: [], fault }
  }
  if (former === undefined) return { ...absent, verdict: 'create', changes: [{ kind: 'create', resource: after }] }
  if (former.uniqueId !== undefined) {
    const change = { kind: 'undelete', resource: 'account', email, uniqueId: former.uniqueId } as const
    const notes = ['it was deleted, and comes back with the grants that it had where that is less than 30 days ago']
    return { after, presence: 'present', verdict: 'undelete', changes: [change], notes }
  }
  const lost = 'what was granted to a deleted one of this name does not come back'
  return {
    ...absent,
    verdict: 'create',
    changes: [{ kind: 'create', resource: after, lost }],
    notes: [`it is made anew, and ${lost}: ${former.why}`],
  }
}

// A grant, and the existing policy: pure.

/** `policy` undefined: what it is on does not exist yet. */
export function evaluateGrant(
  grant: DesiredGrant,
  policy: Policy | undefined,
  replace: readonly Replaceable[],
): GcpFinding {
  const after = { kind: 'grant', grant } as const
  const held = policy === undefined ? 'not at all' : holds(policy, grant)
  if (held === 'plainly') return { after, presence: 'present', verdict: 'ok', changes: [], notes: [] }
  if (held === 'under a condition' && !replace.includes('condition')) {
    const fault = trustRefused(`${grantName(grant)} is there under a condition`, {
      expected: 'the grant without one',
      hint: `see the policy of ${targetName(grant.on)}; pullpass adds one without a condition beside it when it is told to: --replace condition`,
    })
    const override = { replace: ['condition'] } as const
    return { after, presence: 'present', verdict: 'refused', changes: [], notes: [], fault, override }
  }
  const absent = { after, presence: 'absent', notes: [] } as const
  if (policy !== undefined && countMembers(policy) >= mostMembers) {
    return { ...absent, verdict: 'refused', changes: [], fault: policyFull(grant, countMembers(policy)) }
  }
  const deleted = policy !== undefined && heldByDeleted(policy, grant)
  const notes = deleted ? ['a deleted account of this name holds it, and has it again when it is undeleted'] : []
  return { ...absent, verdict: 'grant', changes: [{ kind: 'grant', grant }], notes }
}

/** A pool, desired and found, with its providers: pure. */
export interface PoolContent {
  readonly listed: readonly ListedProvider[]
  readonly sharing: Accepted['sharing']
}

export function evaluatePool(wanted: DesiredPool, found: FoundPool | undefined, content: PoolContent): GcpFinding {
  const { name, description } = wanted
  const after = { kind: 'pool', name, description } as const
  const sharing = describeSharing(wanted, content.listed)
  const notes = sharing.map((one) => `shared by clusters: ${one}`)
  const shared = sharing.length === 0 ? {} : { sharedWith: sharing }
  const isRefused = sharing.length > 0 && content.sharing === 'refused'
  if (found === undefined) {
    const absent = { after, presence: 'absent', notes, ...shared } as const
    if (isRefused) return { ...absent, verdict: 'refused', changes: [], notes: [], fault: poolShared(wanted, sharing) }
    return { ...absent, verdict: 'create', changes: [{ kind: 'create', resource: after }] }
  }
  const { description: said, displayName } = found
  const present = {
    after: { ...after, description: said, displayName },
    presence: 'present',
    notes,
    ...shared,
  } as const
  if (isRefused) return { ...present, verdict: 'refused', changes: [], notes: [], fault: poolShared(wanted, sharing) }
  if (found.disabled) {
    const command = `gcloud iam workload-identity-pools update ${shellQuote(name)} --no-disabled`
    const fault = trustRefused(`pool ${name} is disabled: whoever did that locked all its providers out`, {
      expected: 'an enabled pool, or another',
      hint: `ask him, then: ${command}`,
    })
    return { ...present, verdict: 'refused', changes: [], fault, override: { command } }
  }
  if (found.state === 'ACTIVE') return { ...present, verdict: 'ok', changes: [] }
  return {
    ...present,
    verdict: 'undelete',
    changes: [{ kind: 'undelete', resource: 'pool', name }],
    notes: [...notes, 'it was deleted less than 30 days ago, and comes back with the providers and grants that it had'],
  }
}
