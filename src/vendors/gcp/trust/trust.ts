/** Google's trust: a pool, a provider in it, a service account, and grants. https://cloud.google.com/iam/docs/workload-identity-federation */
import type { ImageReference } from '../../../registry/image-reference.ts'
import type { RemovalScope, TrustFinding, TrustRecord, TrustResource, TrustSetup } from '../../trust-contract.ts'
import { accountParts, artifactRepository, createdId, poolOf, providerOfParts } from '../names.ts'
import type { GcpSettings } from '../settings.ts'
import { openHistory } from './account-history.ts'
import { applyChange } from './apply-change.ts'
import { desiredState } from './desired.ts'
import { type DesiredGrant, type DesiredState, grantEntry, grantName, grantNeeds } from './desired-state.ts'
import { describeChange, type GcpChange, type GcpFinding, resourceKinds, resourceName } from './finding.ts'
import { gcloudCommand, gcloudScript } from './gcloud.ts'
import { type DesiredResource, observeResource } from './observe.ts'
import {
  ownerCheck,
  planAccountRemoval,
  planGrantRemoval,
  planPoolRemoval,
  planProviderRemoval,
} from './plan-removal.ts'
import { connectOperator, type GcpConnection } from './requests.ts'
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
    const wanted = desiredState(needs)
    return {
      async open(context, record) {
        return gcpResources(wanted, record, await connectOperator(context))
      },
    }
  },
}

// The desired state as resources: pools, providers, accounts and grants, each after those that it needs.

/** Its description says who made it. */
const unrecorded = { needs: [], entry: undefined } as const

export function gcpResources(all: DesiredState, record: TrustRecord, google: GcpConnection): TrustResource[] {
  const history = openHistory(all, record, google)
  const whyKept = ownerCheck(all, google)
  const common = (one: DesiredResource) => ({
    vendor: 'gcp' as const,
    kind: resourceKinds[one.kind],
    recoveryEntry: () => (one.kind === 'account' ? history.entry(one.wanted.email) : undefined),
    observe: async (accepted: Parameters<TrustResource['observe']>[0]) =>
      toFinding(await observeResource(one, accepted, history, google), (change) =>
        applyChange(google, change, history),
      ),
  })
  return [
    ...all.pools.map((wanted) => ({
      ...common({ kind: 'pool', wanted, projects: projectsOf(all) }),
      ...unrecorded,
      name: wanted.name,
      planRemoval: (scope: RemovalScope) => planPoolRemoval(wanted.name, scope, { whyKept, google }),
    })),
    ...all.providers.map((wanted) => ({
      ...common({ kind: 'provider', wanted }),
      ...unrecorded,
      name: wanted.name,
      needs: [poolOf(wanted.name)],
      planRemoval: (scope: RemovalScope) => planProviderRemoval(wanted.name, scope, { whyKept, google }),
    })),
    ...all.accounts.map((wanted) => ({
      ...common({ kind: 'account', wanted }),
      ...unrecorded,
      name: wanted.email,
      planRemoval: (scope: RemovalScope) =>
        planAccountRemoval(wanted.email, scope, { whyKept, google, history, grants: all.grants }),
    })),
    ...all.grants.map((wanted) => ({
      ...common({ kind: 'grant', wanted }),
      name: grantName(wanted),
      needs: needsOf(wanted),
      entry: grantEntry(wanted, all),
      planRemoval: () => planGrantRemoval(wanted, all, google),
    })),
  ]
}

/** Ids of the projects whose accounts and repositories are used: a pool is often in one of them. */
function projectsOf({ accounts, grants }: DesiredState): string[] {
  const ofAccounts = accounts.map(({ email }) => accountParts(email)?.project)
  const ofRepositories = grants.map(({ on }) => (on.kind === 'repository' ? on.name.split('/')[1] : undefined))
  return [...new Set([...ofAccounts, ...ofRepositories].filter((id) => id !== undefined))]
}

function needsOf(grant: DesiredGrant): string[] {
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
export function toFinding(finding: GcpFinding, make: (change: GcpChange) => Promise<void>): TrustFinding {
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
      description: describeChange(change),
      command: gcloudCommand(change),
      script: gcloudScript(change),
      byTerraform: change.kind === 'undelete' ? 'not applied' : 'applied',
      apply: async () => await make(change),
    })),
    notes,
    kept,
    keptKeys: kept.find((field) => field === 'keys'),
    sharedWith,
    fault,
    instead,
    override,
    hcl: terraformOf(after),
  }
}
