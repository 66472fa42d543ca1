/** Google's trust: a pool, a provider in it, a service account, and grants. https://cloud.google.com/iam/docs/workload-identity-federation */

import type { ImageReference } from '../../../registry/image-reference.ts'
import type { Finding, Leaving, TrustRecord, TrustResource, TrustSetup } from '../../trust-contract.ts'
import { accountParts, artifactRepository, createdId, poolOf, providerOfParts } from '../names.ts'
import type { GcpSettings } from '../settings.ts'
import { openHistory } from './account-history.ts'
import { makeChange } from './create.ts'
import { wantOfGoogle } from './desired.ts'
import { grantEntry, grantName, grantNeeds, type WantedAtGoogle, type WantedGrant } from './desired-state.ts'
import { describeChange, type GoogleChange, type GoogleFinding, resourceKinds, resourceName } from './finding.ts'
import { gcloudCommand, gcloudScript } from './gcloud.ts'
import { lookAtGoogle, type Wanted } from './observe.ts'
import { judgeOwner, lookBackAtAccount, lookBackAtGrant, lookBackAtPool, lookBackAtProvider } from './remove.ts'
import { connectToGoogle, type GoogleConnection } from './requests.ts'
import { terraformOf } from './terraform.ts'

export const trust: TrustSetup<GcpSettings> = {
  repositories: { rule: artifactRepository, ofImage: repositoryOfImage, imageIn: imageInRepository },

  clusterId: createdId,

  /** A principal names its pool, not its provider: only its own pool tells a cluster's service accounts from another's. */
  forCluster(settings, { trustDomainId, issuerId }) {
    const [, projectNumber = '', , , , pool = '', , provider = ''] = settings.workloadIdentityProvider.split('/')
    const parts = { projectNumber, poolId: trustDomainId ?? pool, providerId: issuerId ?? provider }
    return { ...settings, workloadIdentityProvider: providerOfParts(parts) }
  },

  repository: ({ trust: own }) => own?.repository,

  withRepository: (settings, repository) => ({ ...settings, trust: { ...settings.trust, repository } }),

  admitsPublisher: ({ trust: own }) => own?.attributeCondition === undefined,

  desired(needs) {
    const wanted = wantOfGoogle(needs)
    return {
      async open(context, record) {
        return googleResources(wanted, record, await connectToGoogle(context))
      },
    }
  },
}

// What is wanted of Google as resources: pool, provider, accounts, grants, each after those that must be there before.

/** Its description says who made it. */
const unrecorded = { needs: [], entry: undefined } as const

export function googleResources(all: WantedAtGoogle, record: TrustRecord, google: GoogleConnection): TrustResource[] {
  const history = openHistory(all, record, google)
  const whose = judgeOwner(all, google)
  const common = (one: Wanted) => ({
    vendor: 'gcp' as const,
    kind: resourceKinds[one.kind],
    memo: () => (one.kind === 'account' ? history.entry(one.wanted.email) : undefined),
    look: async (accepted: Parameters<TrustResource['look']>[0]) =>
      tellFinding(await lookAtGoogle(one, accepted, history, google), (change) => makeChange(google, change, history)),
  })
  return [
    ...all.pools.map((wanted) => ({
      ...common({ kind: 'pool', wanted, projects: projectsOf(all) }),
      ...unrecorded,
      name: wanted.name,
      lookBack: (leaving: Leaving) => lookBackAtPool(wanted.name, leaving, { whose, google }),
    })),
    ...all.providers.map((wanted) => ({
      ...common({ kind: 'provider', wanted }),
      ...unrecorded,
      name: wanted.name,
      needs: [poolOf(wanted.name)],
      lookBack: (leaving: Leaving) => lookBackAtProvider(wanted.name, leaving, { whose, google }),
    })),
    ...all.accounts.map((wanted) => ({
      ...common({ kind: 'account', wanted }),
      ...unrecorded,
      name: wanted.email,
      lookBack: (leaving: Leaving) =>
        lookBackAtAccount(wanted.email, leaving, { whose, google, history, grants: all.grants }),
    })),
    ...all.grants.map((wanted) => ({
      ...common({ kind: 'grant', wanted }),
      name: grantName(wanted),
      needs: needsOf(wanted),
      entry: grantEntry(wanted, all),
      lookBack: () => lookBackAtGrant(wanted, all, google),
    })),
  ]
}

/** Ids of the projects whose accounts and repositories are used: a pool is often in one of them. */
function projectsOf({ accounts, grants }: WantedAtGoogle): string[] {
  const ofAccounts = accounts.map(({ email }) => accountParts(email)?.project)
  const ofRepositories = grants.map(({ on }) => (on.kind === 'repository' ? on.name.split('/')[1] : undefined))
  return [...new Set([...ofAccounts, ...ofRepositories].filter((id) => id !== undefined))]
}

function needsOf(grant: WantedGrant): string[] {
  const { accounts, pool, providers } = grantNeeds(grant)
  return [...(pool === undefined ? [] : [pool]), ...providers, ...accounts]
}

// The path of an image below its host, as Artifact Registry has it. https://cloud.google.com/artifact-registry/docs/docker/names

/** `example.com:project` is written `example.com/project` in the names of images. */
export function imageInRepository(repository: string, image: string): string {
  const [, project = '', , , , name = ''] = repository.split('/')
  return `${project.replace(':', '/')}/${name}/${image}`
}

// The repository that an image is in, as Artifact Registry names both. https://cloud.google.com/artifact-registry/docs/docker/names

/** `projects/PROJECT/locations/LOCATION/repositories/REPOSITORY`; undefined for an image of another registry. */
export function repositoryOfImage(
  { host, repository }: Pick<ImageReference, 'host' | 'repository'>,
  beside = '',
): string | undefined {
  const location = /^([a-z0-9-]+)-docker\.pkg\.dev$/.exec(host)?.[1] ?? beside.split('/')[3]
  const parts = repository.split('/')
  // A project of a domain is `example.com/project` in an image, `example.com:project` elsewhere.
  const project = parts[0]?.includes('.') ? `${parts.shift() ?? ''}:${parts.shift() ?? ''}` : parts.shift()
  const name = parts.shift()
  if (location === undefined || !project || !name || parts.length === 0) return undefined
  return `projects/${project}/locations/${location}/repositories/${name}`
}

/** A finding at Google as everybody reads it, with changes that can be made. */
export function tellFinding(finding: GoogleFinding, make: (change: GoogleChange) => Promise<void>): Finding {
  const { after, presence, verdict, changes, notes, kept = [], sharedWith, fault, instead, override } = finding
  return {
    vendor: 'gcp',
    kind: resourceKinds[after.kind],
    name: resourceName(after),
    presence,
    verdict,
    changes: changes.map((change) => ({
      action: change.kind,
      fields: change.kind === 'update' ? Object.keys(change.fields) : [],
      says: describeChange(change),
      command: gcloudCommand(change),
      script: gcloudScript(change),
      byTerraform: change.kind === 'undelete' ? 'not made' : 'made',
      make: async () => await make(change),
    })),
    notes,
    kept,
    sharedWith,
    fault,
    instead,
    override,
    hcl: terraformOf(after),
  }
}
