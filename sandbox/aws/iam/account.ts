/** What IAM knows of the sandbox's one account: OIDC providers and roles. */
import { allows, type Policy } from './policy.ts'

export const accountId = '123456789012'

export interface OidcProvider {
  /** Without its scheme, as IAM has it. */
  readonly url: string
  readonly clientIds: readonly string[]
  readonly thumbprints: readonly string[]
  readonly tags: Readonly<Record<string, string>>
  readonly createdAt: Date
}

export interface Role {
  readonly name: string
  readonly path: string
  readonly description: string
  readonly trustPolicy: Policy
  /** As it was written. */
  readonly trustText: string
  readonly maxSessionSeconds: number
  readonly tags: Readonly<Record<string, string>>
  readonly policies: ReadonlyMap<string, { readonly policy: Policy; readonly text: string }>
  /** ARNs of managed policies. */
  readonly attached: readonly string[]
  readonly createdAt: Date
}

export interface Account {
  readonly providers: Map<string, OidcProvider>
  readonly roles: Map<string, Role>
  /** Whether the role may do it, by its policies. */
  readonly permits: (role: string, action: string, resource: string) => boolean
}

export const providerArn = (url: string): string => `arn:aws:iam::${accountId}:oidc-provider/${url}`
export const roleArn = ({ path, name }: Pick<Role, 'path' | 'name'>): string =>
  `arn:aws:iam::${accountId}:role${path}${name}`

/** https://docs.aws.amazon.com/aws-managed-policy/latest/reference/AmazonEC2ContainerRegistryPullOnly.html */
export const managedPolicies: Readonly<Record<string, Policy>> = {
  'arn:aws:iam::aws:policy/AmazonEC2ContainerRegistryPullOnly': {
    Version: '2012-10-17',
    Statement: {
      Effect: 'Allow',
      Action: [
        'ecr:GetAuthorizationToken',
        'ecr:BatchGetImage',
        'ecr:GetDownloadUrlForLayer',
        'ecr:BatchImportUpstreamImage',
      ],
      Resource: '*',
    },
  },
}

export function createAccount(): Account {
  const roles = new Map<string, Role>()
  return {
    providers: new Map(),
    roles,
    permits(name, action, resource) {
      const role = roles.get(name)
      if (role === undefined) return false
      const own = [...role.policies.values()].map(({ policy }) => policy)
      return allows([...own, ...role.attached.flatMap((arn) => managedPolicies[arn] ?? [])], { action, resource })
    },
  }
}
