/** Trust at Azure: an existing identity, its federated credential for each subject, and a role on each registry. */
import type { ImageReference } from '../../../registry/image-reference.ts'
import {
  identityOfDocument,
  type RemovalPlan,
  type RemovalScope,
  type TrustResource,
  type TrustSetup,
} from '../../trust/contract.ts'
import { observed } from '../../trust/findings.ts'
import { registryRepositories, resourceParts } from '../names.ts'
import type { AzureSettings } from '../settings.ts'
import { evaluateCredential, isOtherCluster, listCredentials, planCredentialRemoval } from './credential.ts'
import {
  type DesiredCredential,
  type DesiredIdentity,
  type DesiredRole,
  type DesiredState,
  desiredState,
  parseRepositories,
  renderRepositories,
} from './desired.ts'
import { evaluateIdentity, type FoundIdentity, readIdentity } from './identity.ts'
import { type AzureConnection, connectOperator } from './requests.ts'
import { evaluateRole, listAssignments, planRoleRemoval, readRegistry } from './role.ts'
import { assignmentHcl, credentialHcl, identityHcl } from './terraform.ts'

export const trust: TrustSetup<AzureSettings> = {
  repositories: { rule: registryRepositories, ofImage: repositoryOfImage, imageIn: imageInRepository },

  ...identityOfDocument,

  repository: ({ trust: own, repositories: names }) =>
    own === undefined ? undefined : renderRepositories({ registryId: own.registryId, repositories: names }),

  withRepository(settings, repository) {
    const { repositories: _, ...rest } = settings
    const { registryId, repositories: names } = parseRepositories(repository)
    return { ...rest, ...(names && { repositories: names }), trust: { ...settings.trust, registryId } }
  },

  desired(needs) {
    const desired = desiredState(needs)
    return {
      open(context) {
        const clouds = [...new Set(desired.identities.map(({ cloud }) => cloud))]
        const connections = clouds.map((cloud) => connectOperator(cloud, context))
        return {
          signIn: async () => void (await Promise.all(connections.map(({ token }) => token.arm()))),
          resources: connections.flatMap((azure) => {
            const isOf = ({ identity }: { readonly identity: DesiredIdentity }) => identity.cloud === azure.cloud
            const ofCloud = {
              identities: desired.identities.filter(({ cloud }) => cloud === azure.cloud),
              credentials: desired.credentials.filter(isOf),
              roles: desired.roles.filter(isOf),
            }
            return azureResources(ofCloud, azure)
          }),
        }
      },
    }
  },
}

/** For an image of the registry in `configured`, compared by name: a login server does not contain the resource id. */
function repositoryOfImage({ host, repository }: Pick<ImageReference, 'host' | 'repository'>, configured = '') {
  const { registryId, repositories: names } = parseRepositories(configured)
  const [name] = host.split(/[.-]/, 1)
  if (configured === '' || name !== resourceParts(registryId).name.toLowerCase()) return undefined
  if (names === undefined || names.includes(repository)) return configured
  return renderRepositories({ registryId, repositories: [repository] })
}

function imageInRepository(repository: string, image: string): string {
  const { repositories: names } = parseRepositories(repository)
  return names?.[0] ?? image
}

const recorded = { entry: undefined, recoveryEntry: () => undefined } as const // names and descriptions carry the mark

/** The resources of the desired state, in the order of their creation. @internal */
export function azureResources(all: DesiredState, azure: AzureConnection): TrustResource[] {
  return [
    ...all.identities.map((one) => identityResource(one, azure)),
    ...all.credentials.map((one) => credentialResource(one, azure)),
    ...all.roles.map((one) => roleResource(one, all.credentials, azure)),
  ]
}

function identityResource(desired: DesiredIdentity, azure: AzureConnection): TrustResource {
  const resource = { vendor: 'azure', kind: desired.kind, name: desired.name }
  return {
    ...resource,
    ...recorded,
    needs: [],
    observe: ({ sharing }) =>
      observed(
        resource,
        identityHcl(desired),
        async () => {
          const facts = await readCredentials(desired, azure)
          const others = (facts?.listed ?? []).filter((one) => isOtherCluster(desired, one))
          return evaluateIdentity(desired, facts?.identity, others, sharing)
        },
        azure.context,
      ),
    async planRemoval(): Promise<RemovalPlan> {
      const found = await readIdentity(azure, desired)
      return found === undefined ? { state: 'absent' } : { state: 'kept', note: 'pullpass did not create it' }
    },
  }
}

/** The identity is refused or does not exist: resources that need it are blocked. */
const blocked = { verdict: 'blocked' } as const

async function readCredentials(identity: DesiredIdentity, azure: AzureConnection) {
  const found = await readIdentity(azure, identity)
  return found && { identity: found, listed: await listCredentials(azure, identity, found) }
}

function credentialResource(desired: DesiredCredential, azure: AzureConnection): TrustResource {
  const { identity } = desired
  const resource = {
    vendor: 'azure',
    kind: 'federated credential',
    name: `${identity.name}/federatedIdentityCredentials/${desired.name}`,
  }
  return {
    ...resource,
    ...recorded,
    needs: [identity.name],
    observe: (accepted) =>
      observed(
        resource,
        credentialHcl(desired, undefined, desired.name),
        async () => {
          const facts = await readCredentials(identity, azure)
          return facts === undefined ? blocked : evaluateCredential(desired, facts, accepted, azure)
        },
        azure.context,
      ),
    async planRemoval(scope: RemovalScope) {
      const facts = await readCredentials(identity, azure)
      return facts === undefined ? { state: 'absent' } : planCredentialRemoval(desired, facts, scope, azure)
    },
  }
}

function roleResource(
  desired: DesiredRole,
  credentials: readonly DesiredCredential[],
  azure: AzureConnection,
): TrustResource {
  const { identity, registryId } = desired
  const own = credentials.filter((one) => one.identity.name === identity.name)
  const resource = {
    vendor: 'azure',
    kind: 'role',
    name: `pull from ${renderRepositories(desired)} as ${identity.name}`,
  }
  const principalOf = (found: FoundIdentity | undefined) => found?.principalId
  return {
    ...resource,
    ...recorded,
    needs: [identity.name, ...own.map(({ name }) => `${identity.name}/federatedIdentityCredentials/${name}`)],
    observe: (accepted) =>
      observed(
        resource,
        assignmentHcl({ name: '', scope: registryId, role: '', description: '' }, identity, undefined),
        async () => {
          const principalId = principalOf(await readIdentity(azure, identity))
          if (principalId === undefined) return blocked
          const registry = await readRegistry(azure, registryId)
          const assigned = registry === undefined ? [] : await listAssignments(azure, registryId, principalId)
          return evaluateRole(desired, { principalId, registry, assigned }, accepted, azure)
        },
        azure.context,
      ),
    async planRemoval(scope: RemovalScope) {
      const facts = await readCredentials(identity, azure)
      const principalId = principalOf(facts?.identity)
      if (facts === undefined || principalId === undefined) return { state: 'absent' }
      if ((await readRegistry(azure, registryId)) === undefined) return { state: 'absent' }
      const assigned = await listAssignments(azure, registryId, principalId)
      const others = facts.listed.filter(
        ({ issuer, subject }) => !own.some((one) => one.issuer === issuer && one.subject === subject),
      ).length
      return planRoleRemoval(desired, { assigned, others }, scope, azure)
    },
  }
}
