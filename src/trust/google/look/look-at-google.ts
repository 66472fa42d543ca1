/** Looks at one resource at Google and judges it. */
import { asFault } from '../../../outside/as-fault.ts'
import { asObject, asText } from '../../../outside/json-fields.ts'
import { PullpassError } from '../../../outside/pullpass-error.ts'
import { shellQuote } from '../../../outside/shell-quote.ts'
import type { Accepted } from '../../finding.ts'
import { trustRefused } from '../../trust-refused.ts'
import { type GoogleConnection, readAtGoogle } from '../ask-google.ts'
import { readPolicy } from '../policy/read-policy.ts'
import { accountPath, identityPath } from '../resource-path.ts'
import type { WantedAccount, WantedGrant, WantedPool, WantedProvider } from '../want/wanted-at-google.ts'
import type { AccountHistory } from './account-history.ts'
import { readFoundAccount, readFoundPool, readFoundProvider } from './found-state.ts'
import type { GoogleFinding, Resource } from './google-finding.ts'
import { judgeAccount } from './judge-account.ts'
import { judgeGrant } from './judge-grant.ts'
import { judgePool } from './judge-pool.ts'
import { judgeProvider } from './judge-provider.ts'
import { listProviders } from './list-providers.ts'

export type Wanted =
  /** `projects`: where a pool of the same ids is looked for, should this one not be there. */
  | { readonly kind: 'pool'; readonly wanted: WantedPool; readonly projects: readonly string[] }
  | { readonly kind: 'provider'; readonly wanted: WantedProvider }
  | { readonly kind: 'account'; readonly wanted: WantedAccount }
  | { readonly kind: 'grant'; readonly wanted: WantedGrant }

/** What cannot be looked at is `unknown`, with the reason; nothing is thrown but an interruption. */
export async function lookAtGoogle(
  wanted: Wanted,
  accepted: Accepted,
  history: AccountHistory,
  google: GoogleConnection,
): Promise<GoogleFinding> {
  try {
    return await judge(wanted, accepted, history, google)
  } catch (error) {
    google.outside.signal.throwIfAborted()
    const fault = asFault(error)
    return { after: asWanted(wanted), presence: 'absent', verdict: 'unknown', changes: [], notes: [], fault }
  }
}

async function judge(
  one: Wanted,
  accepted: Accepted,
  history: AccountHistory,
  google: GoogleConnection,
): Promise<GoogleFinding> {
  switch (one.kind) {
    case 'pool':
      return await lookAtPool(one, accepted, google)
    case 'provider': {
      const found = await readAtGoogle(google, identityPath(one.wanted.name), readFoundProvider)
      return judgeProvider(one.wanted, found, accepted.replace)
    }
    case 'account':
      return await lookAtAccount(one.wanted, history, google)
    case 'grant':
      return await lookAtGrant(one.wanted, accepted, google)
    default:
      return one satisfies never
  }
}

/** Google lists no providers of a pool that is deleted; those that come back with it are found by the next look. */
async function lookAtPool(
  { wanted, projects }: Extract<Wanted, { kind: 'pool' }>,
  { sharing }: Accepted,
  google: GoogleConnection,
): Promise<GoogleFinding> {
  const found = await readAtGoogle(google, identityPath(wanted.name), readFoundPool).catch(asFault)
  if (found === undefined || found instanceof PullpassError) {
    google.outside.signal.throwIfAborted()
    const absent = found === undefined ? judgePool(wanted, found, { listed: [], sharing }) : unknownPool(wanted, found)
    const instead = await findNamesake(wanted, projects, google)
    return instead === undefined ? absent : { ...absent, instead, notes: [...absent.notes, noteOf(instead)] }
  }
  const listed = found.state === 'ACTIVE' ? await listProviders(google, wanted.name) : []
  return judgePool(wanted, found, { listed, sharing })
}

const unknownPool = ({ name, description }: WantedPool, fault: PullpassError): GoogleFinding => ({
  after: { kind: 'pool', name, description },
  presence: 'absent',
  verdict: 'unknown',
  changes: [],
  notes: [],
  fault,
})

/** By far the most likely mistake in a provider's name is the number of its project. */
async function findNamesake(
  { clusters }: WantedPool,
  projects: readonly string[],
  google: GoogleConnection,
): Promise<string | undefined> {
  for (const { issuer, providers } of clusters) {
    for (const name of providers.flatMap((provider) => projects.map((project) => inProject(provider, project)))) {
      const found = await readAtGoogle(google, identityPath(name), readNamesake).catch(() => undefined) // a guess, no more
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

async function lookAtAccount(
  wanted: WantedAccount,
  history: AccountHistory,
  google: GoogleConnection,
): Promise<GoogleFinding> {
  const found = await readAtGoogle(google, accountPath(wanted.email), readFoundAccount)
  if (found === undefined) return judgeAccount(wanted, undefined, await history.former(wanted.email))
  history.saw(wanted.email, found.uniqueId)
  return judgeAccount(wanted, found, undefined)
}

/** A repository is somebody's decision, and none of pullpass's. */
async function lookAtGrant(
  grant: WantedGrant,
  { replace }: Accepted,
  google: GoogleConnection,
): Promise<GoogleFinding> {
  const policy = await readPolicy(google, grant.on)
  if (policy !== undefined || grant.on.kind === 'serviceAccount') return judgeGrant(grant, policy, replace)
  const { name } = grant.on
  const location = name.split('/')[3] ?? '' // gcloud wants it beside a full name, too
  const words = [name, `--location=${location}`, '--repository-format=docker']
  const fault = trustRefused(`repository ${name} is not there`, {
    expected: 'one that exists: pullpass trust creates none',
    hint: `correct gcp.trust.repository, or: gcloud artifacts repositories create ${words.map(shellQuote).join(' ')}`,
  })
  return { after: { kind: 'grant', grant }, presence: 'absent', verdict: 'refused', changes: [], notes: [], fault }
}

/** As it would be made. */
function asWanted(one: Wanted): Resource {
  if (one.kind === 'pool') return judgePool(one.wanted, undefined, { listed: [], sharing: 'accepted' }).after
  if (one.kind === 'provider') return judgeProvider(one.wanted, undefined, []).after
  if (one.kind === 'account') return judgeAccount(one.wanted, undefined, undefined).after
  return { kind: 'grant', grant: one.wanted }
}
