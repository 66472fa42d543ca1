/** Trust at JFrog: an integration of the cluster, its identity mappings, and permissions of an existing user or group. */
import type { Context } from '../../../http/context.ts'
import { tokenIn } from '../../operator.ts'
import type { TrustResource, TrustSetup } from '../../trust/contract.ts'
import { markedResource, type OwnResource } from '../../trust/marked-resource.ts'
import { splitRepositories } from '../../trust/names.ts'
import { printedForCurl } from '../../trust/token-api.ts'
import { integrationName, repositoriesAndPaths } from '../names.ts'
import { operatorToken } from '../operator/sign-in.ts'
import type { JfrogSettings } from '../settings.ts'
import {
  type DesiredGrantee,
  type DesiredIntegration,
  type DesiredMapping,
  type DesiredPermission,
  type DesiredState,
  desiredState,
  granteeTitle,
  integrationTitle,
  permissionTitle,
} from './desired.ts'
import { observeGrantee } from './grantee.ts'
import { observeIntegration, planIntegrationRemoval } from './integration.ts'
import { createdFields, observeMapping, planMappingRemoval } from './mapping.ts'
import { observePermission, planPermissionRemoval } from './permission.ts'
import type { Platform } from './requests.ts'
import { granteeHcl, integrationHcl, mappingHcl, permissionHcl } from './terraform.ts'

export const trust: TrustSetup<JfrogSettings> = {
  repositories: {
    rule: repositoriesAndPaths,
    field: 'jfrog.trust (repositories, and username or group)',
    ofImage: () => undefined, // the host may contain the repository, or the path of the image
    imageIn: (repositories, image) => `${splitRepositories(repositories)[0] ?? ''}/${image}`,
  },

  /** The document names the user or group: clusters with different permissions need documents with different ones. */
  clusterIds: { issuerId: integrationName },
  forCluster: (settings, { issuerId }) => (issuerId === undefined ? settings : { ...settings, providerName: issuerId }),

  repository: ({ trust: own }) => own?.repositories.join(','),

  withRepository: (settings, names) => ({
    ...settings,
    trust: { ...settings.trust, repositories: splitRepositories(names) },
  }),

  admitsPublisher: () => false,

  desired(needs) {
    const desired = desiredState(needs)
    return {
      open: (context) => ({
        signIn: async () => void tokenIn(context.environment, operatorToken),
        resources: jfrogResources(desired, context),
      }),
    }
  },
}

/** In the order of their creation. @internal */
export function jfrogResources(desired: DesiredState, context: Context): TrustResource[] {
  const { url, grantees, integrations, mappings, permissions } = desired
  const platform: Platform = { url, context }
  const resources = [
    ...grantees.map((one) => granteeResource(one, platform)),
    ...integrations.map((one) => integrationResource(one, mappings, platform)),
    ...mappings.map((one) => mappingResource(one, platform)),
    ...permissions.map((one) => permissionResource(one, platform)),
  ]
  const printed = printedForCurl({ token: operatorToken, header: 'bearer' })
  return resources.map((one) => markedResource({ ...one, vendor: 'jfrog', ...printed }, context))
}

const granteeResource = (one: DesiredGrantee, platform: Platform): OwnResource => ({
  kind: one.kind,
  name: granteeTitle(one),
  needs: [],
  hcl: () => granteeHcl(platform.url, one),
  observe: (accepted) => observeGrantee(one, accepted, platform),
  planRemoval: async () => ({ state: 'kept', note: 'pullpass did not create it' }),
})

const integrationResource = (
  one: DesiredIntegration,
  mappings: readonly DesiredMapping[],
  platform: Platform,
): OwnResource => ({
  kind: 'integration',
  name: integrationTitle(one),
  needs: [],
  hcl: () => integrationHcl(platform.url, one, undefined),
  observe: (accepted) => observeIntegration(one, accepted, platform),
  planRemoval(scope) {
    const own = mappings.filter(({ integration }) => integration === one)
    return planIntegrationRemoval(one, scope, new Map(own.map(({ name, title }) => [name, title])), platform)
  },
})

const mappingResource = (one: DesiredMapping, platform: Platform): OwnResource => ({
  kind: 'identity mapping',
  name: one.title,
  needs: [granteeTitle(one.grantee), integrationTitle(one.integration)],
  hcl: (presence) => mappingHcl(platform.url, one, presence, createdFields(one)),
  observe: (accepted) => observeMapping(one, accepted, platform),
  planRemoval: (scope) => planMappingRemoval(one, scope, platform),
})

const permissionResource = (one: DesiredPermission, platform: Platform): OwnResource => ({
  kind: 'permission',
  name: permissionTitle(one),
  needs: [granteeTitle(one.grantee), ...one.mappings],
  hcl: (presence) => permissionHcl(platform.url, one, presence),
  observe: () => observePermission(one, platform),
  planRemoval: (scope) => planPermissionRemoval(one, scope, platform),
})
