/**
 * Trust at Alibaba Cloud: an OIDC provider, a role, a policy and its attachment.
 * https://www.alibabacloud.com/help/en/ram/user-guide/overview-of-oidc-based-sso
 */
import type { Context } from '../../../http/context.ts'
import type { OpenedTrust, TrustResource, TrustSetup } from '../../trust/contract.ts'
import { markedResource, type OwnResource } from '../../trust/marked-resource.ts'
import { splitRepositories } from '../../trust/names.ts'
import { clusterName, parseArn, repositories } from '../names.ts'
import type { AlibabaSettings } from '../settings.ts'
import { type DesiredState, desiredState } from './desired.ts'
import { imageInRepository, repositoryOfImage } from './policies.ts'
import { observeProvider, planProviderRemoval } from './provider.ts'
import { observeGrant, observePolicy, planGrantRemoval, planPolicyRemoval } from './pull-policy.ts'
import { checkAccount, connectRam, type RamConnection } from './requests.ts'
import { observeRole, planRoleRemoval } from './role.ts'
import { grantBlock, policyBlock, policyResourceName, providerBlock, roleBlock } from './terraform.ts'

export const trust: TrustSetup<AlibabaSettings> = {
  repositories: {
    rule: repositories,
    field: 'alibaba.trust (repositories and fingerprints)',
    ofImage: repositoryOfImage,
    imageIn: imageInRepository,
  },

  /** Each of several clusters has its own provider; and its own role, unless they share one. */
  clusterIds: { trustDomainId: clusterName, issuerId: clusterName },

  forCluster(settings, { trustDomainId, issuerId }) {
    const { account } = parseArn(settings.roleArn)
    const provider = issuerId ?? trustDomainId
    return {
      ...settings,
      ...(trustDomainId !== undefined && { roleArn: `acs:ram::${account}:role/${trustDomainId}` }),
      ...(provider !== undefined && { oidcProviderArn: `acs:ram::${account}:oidc-provider/${provider}` }),
    }
  },

  repository: ({ trust: own }) => own?.repositories.join(','),

  withRepository: (settings, names) => ({
    ...settings,
    trust: { fingerprints: [], ...settings.trust, repositories: splitRepositories(names) },
  }),

  admitsPublisher: () => false,

  desired(needs) {
    const desired = desiredState(needs)
    return { open: (context) => openResources(desired, context) }
  },
}

function openResources(desired: DesiredState, context: Context): OpenedTrust {
  const ram = connectRam(context)
  return { signIn: async () => void (await ram.operator()), resources: resourcesOf(desired, ram) }
}

const resourcesOf = ({ providers, roles, policies }: DesiredState, ram: RamConnection): TrustResource[] => [
  ...providers.map((one) =>
    resourceOf(
      {
        kind: 'provider',
        name: one.arn,
        needs: [],
        hcl: providerBlock(one),
        observe: (accepted) => observeProvider(one, accepted, ram),
        planRemoval: (scope) => planProviderRemoval(one, scope, roles, ram),
      },
      ram,
    ),
  ),
  ...roles.map((one) =>
    resourceOf(
      {
        kind: 'role',
        name: one.arn,
        needs: [...new Set(one.statements.map(({ provider }) => provider))],
        hcl: roleBlock(one),
        observe: (accepted) => observeRole(one, accepted, ram),
        planRemoval: (scope) => planRoleRemoval(one, scope, ram),
      },
      ram,
    ),
  ),
  ...policies.flatMap((one) => [
    resourceOf(
      {
        kind: 'policy',
        name: one.arn,
        needs: [],
        hcl: policyBlock(one),
        observe: () => observePolicy(one, ram),
        planRemoval: (scope) => planPolicyRemoval(one, scope, ram),
      },
      ram,
    ),
    resourceOf(
      {
        kind: 'grant',
        name: policyResourceName(one.role, parseArn(one.arn).name),
        needs: [one.role, one.arn],
        hcl: grantBlock(one),
        observe: () => observeGrant(one, ram),
        planRemoval: () => planGrantRemoval(one, ram),
      },
      ram,
    ),
  ]),
]

const resourceOf = (resource: OwnResource, ram: RamConnection): TrustResource =>
  markedResource(
    {
      ...resource,
      vendor: 'alibaba',
      tool: 'aliyun',
      checkAccount: async () => await checkAccount(ram, parseArn(resource.name).account, resource.name),
    },
    ram.context,
  )
