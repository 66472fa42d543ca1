/** The resources of trust at Google: a pool, a provider in it, a service account, and grants. https://cloud.google.com/iam/docs/workload-identity-federation */
import type { ImageReference } from '../../../registry/image-reference.ts'
import type { RemovalScope, TrustFinding, TrustRecord, TrustResource, TrustSetup } from '../../trust/contract.ts'
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

  clusterIds: { trustDomainId: createdId, issuerId: createdId },

  /** A principal names its pool, not its provider: only separate pools distinguish the service accounts of two clusters. */
  forCluster(settings, { trustDomainId, issuerId }) {
    const [, projectNumber = '', , , , pool = '', , provider = ''] = settings.workloadIdentityProvider.split('/')
    const parts = { projectNumber, poolId: trustDomainId ?? pool, providerId: issuerId ?? provider }
    return { ...settings, workloadIdentityProvider: providerOfParts(parts) }
  },

  repository: ({ trust: own }) => own?.repository,

  withRepository: (settings, repository) => ({ ...settings, trust: { ...settings.trust, repository } }),

  admitsPublisher: ({ trust: own }) => own?.attributeCondition === undefined,

  desired(needs) {
    const desired = desiredState(needs)
    return {
      open(context, record) {
        const google = connectOperator(context)
        return {
          signIn: async () => void (await google.operator()),
          resources: gcpResources(desired, record, google),
        }
      },
    }
  },
}

// The desired state as resources: pools, providers, accounts and grants, each after those that it needs.

/** Its description carries the mark of its cluster. */
const unrecorded = { needs: [], entry: undefined } as const

function gcpResources(all: DesiredState, record: TrustRecord, google: GcpConnection): TrustResource[] {
  const history = openHistory(all, record, google)
  const whyKept = ownerCheck(all, google)
  const common = (one: DesiredResource) => ({
    vendor: 'gcp' as const,
    kind: resourceKinds[one.kind],
    recoveryEntry: () => (one.kind === 'account' ? history.entry(one.desired.email) : undefined),
    observe: async (accepted: Parameters<TrustResource['observe']>[0]) =>
      toFinding(await observeResource(one, accepted, history, google), (change) =>
        applyChange(google, change, history),
      ),
  })
  return [
    ...all.pools.map((desired) => ({
      ...common({ kind: 'pool', desired, projects: projectsOf(all) }),
      ...unrecorded,
      name: desired.name,
      planRemoval: (scope: RemovalScope) => planPoolRemoval(desired.name, scope, { whyKept, google }),
    })),
    ...all.providers.map((desired) => ({
      ...common({ kind: 'provider', desired }),
      ...unrecorded,
      name: desired.name,
      needs: [poolOf(desired.name)],
      planRemoval: (scope: RemovalScope) => planProviderRemoval(desired.name, scope, { whyKept, google }),
    })),
    ...all.accounts.map((desired) => ({
      ...common({ kind: 'account', desired }),
      ...unrecorded,
      name: desired.email,
      planRemoval: (scope: RemovalScope) =>
        planAccountRemoval(desired.email, scope, { whyKept, google, history, grants: all.grants }),
    })),
    ...all.grants.map((desired) => ({
      ...common({ kind: 'grant', desired }),
      name: grantName(desired),
      needs: needsOf(desired),
      entry: grantEntry(desired, all),
      planRemoval: () => planGrantRemoval(desired, all, google),
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

// The path of an image below its host. https://cloud.google.com/artifact-registry/docs/docker/names

/** `example.com:project` is written `example.com/project` in the names of images. */
function imageInRepository(repository: string, image: string): string {
  const [, project = '', , , , name = ''] = repository.split('/')
  return `${project.replace(':', '/')}/${name}/${image}`
}

// The repository of an image. https://cloud.google.com/artifact-registry/docs/docker/names

/** `projects/PROJECT/locations/LOCATION/repositories/REPOSITORY`; undefined for an image of another registry. */
function repositoryOfImage(
  { host, repository }: Pick<ImageReference, 'host' | 'repository'>,
  configured = '',
): string | undefined {
  const location = /^([a-z0-9-]+)-docker\.pkg\.dev$/.exec(host)?.[1] ?? configured.split('/')[3]
  const parts = repository.split('/')
  // A project of a domain is `example.com/project` in an image, `example.com:project` elsewhere.
  const project = parts[0]?.includes('.') ? `${parts.shift() ?? ''}:${parts.shift() ?? ''}` : parts.shift()
  const name = parts.shift()
  if (location === undefined || !project || !name || parts.length === 0) return undefined
  return `projects/${project}/locations/${location}/repositories/${name}`
}

/** The finding in the form of the contract, with changes that can be applied. @internal */
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
