/** Trust at AWS: an OIDC provider, a role and its policy. https://docs.aws.amazon.com/IAM/latest/UserGuide/id_roles_providers_oidc.html */
import type { Context } from '../../../http/context.ts'
import type {
  ClusterIds,
  DesiredTrust,
  OpenedTrust,
  TrustNeed,
  TrustResource,
  TrustSetup,
} from '../../trust/contract.ts'
import { markedResource, type OwnResource } from '../../trust/marked-resource.ts'
import { splitRepositories } from '../../trust/names.ts'
import { parseRole, repositoryArns } from '../names.ts'
import type { AwsSettings } from '../settings.ts'
import { type DesiredState, desiredState, type TrustSettings } from './desired.ts'
import { imageInRepository, policyResourceName, repositoryOfImage } from './policies.ts'
import { observeProvider, planProviderRemoval } from './provider.ts'
import { observePolicy, planPolicyRemoval } from './pull-policy.ts'
import { checkAccount, connectIam, type IamConnection } from './requests.ts'
import { observeRole } from './role.ts'
import { planRoleRemoval } from './role-removal.ts'
import { policyBlock, providerBlock, roleBlock } from './terraform.ts'

/** The provider is derived from the issuer; each of several clusters has its own role, unless they share one. */
export const roleOfCluster: Pick<TrustSetup<TrustSettings>, 'clusterIds'> & {
  readonly forCluster: <Settings extends Pick<TrustSettings, 'roleArn'>>(
    settings: Settings,
    ids: ClusterIds,
  ) => Settings
} = {
  clusterIds: {
    trustDomainId: {
      pattern: /^[\w+=,.@-]{1,64}$/,
      maxLength: 64,
      expected: 'the name of a role: 1 to 64 letters, digits and "_+=,.@-"',
    },
  },
  forCluster(settings, { trustDomainId }) {
    if (trustDomainId === undefined) return settings
    const { partition, account, path } = parseRole(settings.roleArn)
    return { ...settings, roleArn: `arn:${partition}:iam::${account}:role${path}${trustDomainId}` }
  },
}

export const trust: TrustSetup<AwsSettings> = {
  repositories: { rule: repositoryArns, ofImage: repositoryOfImage, imageIn: imageInRepository },

  ...roleOfCluster,

  repository: ({ trust: own }) => own?.repositories.join(','),

  withRepository: (settings, names) => ({
    ...settings,
    trust: { ...settings.trust, repositories: splitRepositories(names) },
  }),

  admitsPublisher: () => false,

  desired: desiredTrust,
}

/** Also of the public registry. @throws DOCUMENT_INVALID, USAGE_INVALID, SUBJECT_TOO_LONG, ISSUER_UNUSABLE */
export function desiredTrust(needs: readonly TrustNeed<TrustSettings>[]): DesiredTrust {
  const desired = desiredState(needs)
  return { open: (context) => openResources(desired, context) }
}

/** One connection for each partition: the operator's credentials are valid in one. */
function openResources(desired: DesiredState, context: Context): OpenedTrust {
  const regions = new Map(desired.roles.map(({ arn, region }) => [parseRole(arn).partition, region]))
  const connections = new Map(
    [...regions].map(([partition, region]) => [partition, connectIam(region, context)] as const),
  )
  const connectionOf = (arn: string): IamConnection => {
    const connection = connections.get(parseRole(arn).partition)
    if (connection === undefined) throw new TypeError(`no connection for ${arn}`)
    return connection
  }
  return {
    signIn: async () => void (await Promise.all([...connections.values()].map(({ operator }) => operator()))),
    resources: resourcesOf(desired, connectionOf),
  }
}

function resourcesOf(desired: DesiredState, connectionOf: (arn: string) => IamConnection): TrustResource[] {
  return [
    ...desired.providers.map((one) => {
      const iam = connectionOf(one.arn)
      return resourceOf(
        {
          kind: 'provider',
          name: one.arn,
          needs: [],
          hcl: providerBlock(one),
          observe: (accepted) => observeProvider(one, accepted, iam),
          planRemoval: (scope) => planProviderRemoval(one, scope, iam),
        },
        iam,
      )
    }),
    ...desired.roles.map((one) => {
      const iam = connectionOf(one.arn)
      return resourceOf(
        {
          kind: 'role',
          name: one.arn,
          needs: [...new Set(one.statements.map(({ provider }) => provider))],
          hcl: roleBlock(one),
          observe: (accepted) => observeRole(one, accepted, iam),
          planRemoval: (scope) => planRoleRemoval(one, scope, iam),
        },
        iam,
      )
    }),
    ...desired.policies.map((one) => {
      const iam = connectionOf(one.role)
      return resourceOf(
        {
          kind: 'policy',
          name: policyResourceName(one.role, one.name),
          needs: [one.role],
          hcl: policyBlock(one),
          observe: () => observePolicy(one, iam),
          planRemoval: () => planPolicyRemoval(one, iam),
        },
        iam,
      )
    }),
  ]
}

const resourceOf = (resource: OwnResource, iam: IamConnection): TrustResource =>
  markedResource(
    {
      ...resource,
      vendor: 'aws',
      tool: 'aws',
      checkAccount: async () => await checkAccount(iam, parseRole(resource.name).account, resource.name),
    },
    iam.context,
  )
