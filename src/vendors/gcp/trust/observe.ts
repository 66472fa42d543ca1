/** Reads one resource at Google and evaluates it. */
import { asFault, PullpassError } from '../../../errors/pullpass-error.ts'
import { asObject, asText } from '../../../text/json-fields.ts'
import { shellQuote } from '../../../text/shell.ts'
import { type Accepted, type Replaceable, trustRefused } from '../../trust/contract.ts'
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
import {
  type FoundAccount,
  type FoundPool,
  readFoundAccount,
  readFoundPool,
  readFoundProvider,
} from './observed-state.ts'
import {
  countMembers,
  findGrant,
  isGrantedToDeleted,
  mostMembers,
  type Policy,
  policyFull,
  readPolicy,
} from './policy.ts'
import { accountPath, type GcpConnection, identityPath, readResource } from './requests.ts'
import { describeSharing, type ListedProvider, listProviders, poolShared } from './sharing.ts'

export type DesiredResource =
  /** `projects`: searched for a pool with the same IDs if this one does not exist. */
  | { readonly kind: 'pool'; readonly desired: DesiredPool; readonly projects: readonly string[] }
  | { readonly kind: 'provider'; readonly desired: DesiredProvider }
  | { readonly kind: 'account'; readonly desired: DesiredAccount }
  | { readonly kind: 'grant'; readonly desired: DesiredGrant }

/** `unknown`, with the reason, if it cannot be read. Rejects only when the run is aborted. */
export async function observeResource(
  desired: DesiredResource,
  accepted: Accepted,
  history: AccountHistory,
  google: GcpConnection,
): Promise<GcpFinding> {
  try {
    return await evaluateResource(desired, accepted, history, google)
  } catch (error) {
    google.context.signal.throwIfAborted()
    const fault = asFault(error)
    return { after: asDesired(desired), presence: 'absent', verdict: 'unknown', changes: [], notes: [], fault }
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
      const found = await readResource(google, identityPath(one.desired.name), readFoundProvider)
      return compareProvider(one.desired, found, accepted.replace)
    }
    case 'account':
      return await observeAccount(one.desired, history, google)
    case 'grant':
      return await observeGrant(one.desired, accepted, google)
    default:
      return one satisfies never
  }
}

/** Google lists no providers of a deleted pool; those that are restored with it are found by the next observation. */
async function observePool(
  { desired, projects }: Extract<DesiredResource, { kind: 'pool' }>,
  { sharing }: Accepted,
  google: GcpConnection,
): Promise<GcpFinding> {
  const found = await readResource(google, identityPath(desired.name), readFoundPool).catch(asFault)
  if (found === undefined || found instanceof PullpassError) {
    google.context.signal.throwIfAborted()
    const absent =
      found === undefined ? evaluatePool(desired, found, { listed: [], sharing }) : unknownPool(desired, found)
    const instead = await findNamesake(desired, projects, google)
    return instead === undefined ? absent : { ...absent, instead, notes: [...absent.notes, noteOf(instead)] }
  }
  const listed = found.state === 'ACTIVE' ? await listProviders(google, desired.name) : []
  return evaluatePool(desired, found, { listed, sharing })
}

const unknownPool = ({ name, description }: DesiredPool, fault: PullpassError): GcpFinding => ({
  after: { kind: 'pool', name, description },
  presence: 'absent',
  verdict: 'unknown',
  changes: [],
  notes: [],
  fault,
})

/** The most likely error in the name of a provider is its project number. */
async function findNamesake(
  { clusters }: DesiredPool,
  projects: readonly string[],
  google: GcpConnection,
): Promise<string | undefined> {
  for (const { issuer, providers } of clusters) {
    for (const name of providers.flatMap((provider) => projects.map((project) => inProject(provider, project)))) {
      const found = await readResource(google, identityPath(name), readNamesake).catch(() => undefined) // only a suggestion
      if (found?.issuer === issuer && found.state === 'ACTIVE') return found.name
    }
  }
  return undefined
}

const inProject = (name: string, project: string) => name.replace(/^projects\/[^/]+\//, `projects/${project}/`)

/** Google returns the name with the project number. */
const readNamesake = (body: unknown) => ({ ...readFoundProvider(body), name: asText(asObject(body)?.['name']) })

const noteOf = (instead: string) =>
  `${instead} has the same IDs and this cluster's issuer: check the project number in gcp.workloadIdentityProvider`

async function observeAccount(
  desired: DesiredAccount,
  history: AccountHistory,
  google: GcpConnection,
): Promise<GcpFinding> {
  const found = await readResource(google, accountPath(desired.email), readFoundAccount)
  if (found === undefined) return evaluateAccount(desired, undefined, await history.former(desired.email))
  history.saw(desired.email, found.uniqueId)
  return evaluateAccount(desired, found, undefined)
}

/** pullpass does not create repositories. */
async function observeGrant(grant: DesiredGrant, { replace }: Accepted, google: GcpConnection): Promise<GcpFinding> {
  const policy = await readPolicy(google, grant.on)
  if (policy !== undefined || grant.on.kind === 'serviceAccount') return evaluateGrant(grant, policy, replace)
  const { name } = grant.on
  const location = name.split('/')[3] ?? '' // gcloud requires it in addition to the full name
  const words = [name, `--location=${location}`, '--repository-format=docker']
  const fault = trustRefused(`repository ${name} does not exist`, {
    expected: 'an existing repository: pullpass trust does not create repositories',
    hint: 'correct gcp.trust.repository, or create the repository',
    command: `gcloud artifacts repositories create ${words.map(shellQuote).join(' ')}`,
  })
  return { after: { kind: 'grant', grant }, presence: 'absent', verdict: 'refused', changes: [], notes: [], fault }
}

/** The resource as it would be created. */
function asDesired(one: DesiredResource): Resource {
  if (one.kind === 'pool') return evaluatePool(one.desired, undefined, { listed: [], sharing: 'accepted' }).after
  if (one.kind === 'provider') return compareProvider(one.desired, undefined, []).after
  if (one.kind === 'account') return evaluateAccount(one.desired, undefined, undefined).after
  return { kind: 'grant', grant: one.desired }
}

/** Compares a service account. Pure. `former`: the deleted account of this name, if none exists. @internal */
export function evaluateAccount(
  desired: DesiredAccount,
  found: FoundAccount | undefined,
  former: FormerAccount | undefined,
): GcpFinding {
  const { email, description } = desired
  const after = { kind: 'account', email, description } as const
  if (found === undefined) return evaluateAbsentAccount(after, former)
  // An empty display name was set by another owner: pullpass creates accounts with one.
  const { description: foundDescription, displayName = '' } = found
  const present = {
    after: { ...after, description: foundDescription, displayName },
    presence: 'present',
    notes: [],
  } as const
  if (!found.disabled) return { ...present, verdict: 'ok', changes: [] }
  const command = `gcloud iam service-accounts enable ${gcloudAccount(email).map(shellQuote).join(' ')}`
  const fault = trustRefused(`service account ${email} is disabled`, {
    expected: 'an enabled account',
    hint: 'check why it was disabled, then enable it',
    command,
  })
  return { ...present, verdict: 'refused', changes: [], fault, override: { command } }
}

type Account = Extract<CreatedResource, { kind: 'account' }>

/** A new account of the same name does not have the grants of the deleted one. */
function evaluateAbsentAccount(after: Account, former: FormerAccount | undefined): GcpFinding {
  const { email } = after
  const absent = { after, presence: 'absent', notes: [] } as const
  if (accountParts(email) === undefined) {
    const fault = trustRefused(
      `service account ${email} does not exist, and Google does not allow creating one of this name`,
      {
        expected: 'NAME@PROJECT.iam.gserviceaccount.com, of 6 to 30 lower-case letters, digits and "-"',
        hint: "correct the document's serviceAccountEmail",
      },
    )
    return { ...absent, verdict: 'refused', changes: [], fault }
  }
  if (former === undefined) return { ...absent, verdict: 'create', changes: [{ kind: 'create', resource: after }] }
  if (former.uniqueId !== undefined) {
    const change = { kind: 'undelete', resource: 'account', email, uniqueId: former.uniqueId } as const
    const notes = ['it was deleted; within 30 days it is restored with its grants']
    return { after, presence: 'present', verdict: 'undelete', changes: [change], notes }
  }
  const lost = 'the grants of a deleted account of this name are not restored'
  return {
    ...absent,
    verdict: 'create',
    changes: [{ kind: 'create', resource: after, lost }],
    notes: [`a new account is created, and ${lost}: ${former.why}`],
  }
}

/** Compares a grant with the existing policy; `undefined`: the resource does not exist yet. Pure. @internal */
export function evaluateGrant(
  grant: DesiredGrant,
  policy: Policy | undefined,
  replace: readonly Replaceable[],
): GcpFinding {
  const after = { kind: 'grant', grant } as const
  const grantState = policy === undefined ? 'absent' : findGrant(policy, grant)
  if (grantState === 'unconditional') return { after, presence: 'present', verdict: 'ok', changes: [], notes: [] }
  if (grantState === 'conditional' && !replace.includes('condition')) {
    const fault = trustRefused(`${grantName(grant)} exists with a condition`, {
      expected: 'the grant without a condition',
      hint: `check the policy of ${targetName(grant.on)}; --replace condition adds a grant without a condition`,
    })
    const override = { replace: ['condition'] } as const
    return { after, presence: 'present', verdict: 'refused', changes: [], notes: [], fault, override }
  }
  const absent = { after, presence: 'absent', notes: [] } as const
  if (policy !== undefined && countMembers(policy) >= mostMembers) {
    return { ...absent, verdict: 'refused', changes: [], fault: policyFull(grant, countMembers(policy)) }
  }
  const deleted = policy !== undefined && isGrantedToDeleted(policy, grant)
  const notes = deleted ? ['a deleted account of this name has this grant, and has it again if it is undeleted'] : []
  return { ...absent, verdict: 'grant', changes: [{ kind: 'grant', grant }], notes }
}

export interface PoolContent {
  readonly listed: readonly ListedProvider[]
  readonly sharing: Accepted['sharing']
}

/** Compares a pool and its providers. Pure. @internal */
export function evaluatePool(desired: DesiredPool, found: FoundPool | undefined, content: PoolContent): GcpFinding {
  const { name, description } = desired
  const after = { kind: 'pool', name, description } as const
  const sharing = describeSharing(desired, content.listed)
  const notes = sharing.map((one) => `shared by clusters: ${one}`)
  const shared = sharing.length === 0 ? {} : { sharedWith: sharing }
  const isRefused = sharing.length > 0 && content.sharing === 'refused'
  if (found === undefined) {
    const absent = { after, presence: 'absent', notes, ...shared } as const
    if (isRefused) return { ...absent, verdict: 'refused', changes: [], notes: [], fault: poolShared(desired, sharing) }
    return { ...absent, verdict: 'create', changes: [{ kind: 'create', resource: after }] }
  }
  const { description: foundDescription, displayName } = found
  const present = {
    after: { ...after, description: foundDescription, displayName },
    presence: 'present',
    notes,
    ...shared,
  } as const
  if (isRefused) return { ...present, verdict: 'refused', changes: [], notes: [], fault: poolShared(desired, sharing) }
  if (found.disabled) {
    const command = `gcloud iam workload-identity-pools update ${shellQuote(name)} --no-disabled`
    const fault = trustRefused(`pool ${name} is disabled, and with it all its providers`, {
      expected: 'an enabled pool',
      hint: 'check why it was disabled, then enable it',
      command,
    })
    return { ...present, verdict: 'refused', changes: [], fault, override: { command } }
  }
  if (found.state === 'ACTIVE') return { ...present, verdict: 'ok', changes: [] }
  return {
    ...present,
    verdict: 'undelete',
    changes: [{ kind: 'undelete', resource: 'pool', name }],
    notes: [...notes, 'it was deleted less than 30 days ago; it is restored with its providers and grants'],
  }
}
