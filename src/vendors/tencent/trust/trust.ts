/** Trust at Tencent Cloud: an OIDC provider, a role and a policy of CAM. https://www.tencentcloud.com/document/product/598/47191 */
import type { Context } from '../../../http/context.ts'
import type { OpenedTrust, TrustResource, TrustSetup } from '../../trust/contract.ts'
import { markedResource, type OwnResource } from '../../trust/marked-resource.ts'
import { splitRepositories } from '../../trust/names.ts'
import { imageInRepository, parseRole, providerId, repositories, repositoryOfImage, roleNamed } from '../names.ts'
import type { TencentSettings } from '../settings.ts'
import { type DesiredState, desiredState } from './desired.ts'
import { policyResourceName } from './policies.ts'
import { desiredBlock, observeProvider, planProviderRemoval } from './provider.ts'
import { observePolicy, planPolicyRemoval } from './pull-policy.ts'
import { type CamConnection, type CamPlace, checkAccount, connectCam } from './requests.ts'
import { observeRole } from './role.ts'
import { planRoleRemoval } from './role-removal.ts'
import { policyBlock, roleBlock } from './terraform.ts'

const clusterId = { ...providerId, expected: '1 to 128 letters, digits and "_.-"' }

export const trust: TrustSetup<TencentSettings> = {
  repositories: { rule: repositories, ofImage: repositoryOfImage, imageIn: imageInRepository },

  clusterIds: { trustDomainId: clusterId, issuerId: clusterId },

  /** A provider has one issuer and its keys: each of several clusters has its own, named like its role where the clusters do not share one. */
  forCluster: (settings, { trustDomainId, issuerId = trustDomainId }) => ({
    ...settings,
    ...(trustDomainId !== undefined && { roleArn: roleNamed(settings.roleArn, trustDomainId) }),
    ...(issuerId !== undefined && { providerId: issuerId }),
  }),

  repository: ({ trust: own }) => own?.repositories.join(','),

  withRepository: (settings, names) => ({ ...settings, trust: { repositories: splitRepositories(names) } }),

  admitsPublisher: () => false,

  desired(needs) {
    const desired = desiredState(needs)
    return { open: (context) => openResources(desired, context) }
  },
}

/** One connection for each site: an account of one site is unknown at the other. */
function openResources(desired: DesiredState, context: Context): OpenedTrust {
  const connections = new Map<string, CamConnection>()
  const connectionTo = (place: CamPlace): CamConnection => {
    const connection = connections.get(place.site) ?? connectCam(place, context)
    connections.set(place.site, connection)
    return connection
  }
  const resources = resourcesOf(desired, connectionTo)
  return {
    signIn: async () => void (await Promise.all([...connections.values()].map(({ operator }) => operator()))),
    resources,
  }
}

function resourcesOf(desired: DesiredState, connectionTo: (place: CamPlace) => CamConnection): TrustResource[] {
  return [
    ...desired.providers.map((one) => {
      const cam = connectionTo(one.place)
      return resourceOf(
        {
          kind: 'provider',
          name: one.arn,
          needs: [],
          hcl: desiredBlock(one),
          observe: (accepted) => observeProvider(one, accepted, cam),
          planRemoval: (scope) => planProviderRemoval(one, scope, cam),
        },
        cam,
      )
    }),
    ...desired.roles.map((one) => {
      const cam = connectionTo(one.place)
      return resourceOf(
        {
          kind: 'role',
          name: one.arn,
          needs: [...new Set(one.statements.map(({ provider }) => provider))],
          hcl: roleBlock(one),
          observe: (accepted) => observeRole(one, accepted, cam),
          planRemoval: (scope) => planRoleRemoval(one, scope, cam),
        },
        cam,
      )
    }),
    ...desired.policies.map((one) => {
      const cam = connectionTo(one.place)
      return resourceOf(
        {
          kind: 'policy',
          name: policyResourceName(one.role, one.name),
          needs: [one.role],
          hcl: (presence) => policyBlock(one, { policy: presence, attachment: presence }),
          observe: () => observePolicy(one, cam, (presence) => policyBlock(one, presence)),
          planRemoval: (scope) => planPolicyRemoval(one, scope, cam),
        },
        cam,
      )
    }),
  ]
}

const resourceOf = (resource: OwnResource, cam: CamConnection): TrustResource =>
  markedResource(
    {
      ...resource,
      vendor: 'tencent',
      tool: 'tccli',
      checkAccount: async () => await checkAccount(cam, parseRole(resource.name).account, resource.name),
    },
    cam.context,
  )
