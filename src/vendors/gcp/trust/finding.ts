/** The evaluation of one resource at Google: a verdict, and the changes in their order. */
import type { PullpassError } from '../../../errors/pullpass-error.ts'
import type { Override, Replaceable, Verdict } from '../../trust/contract.ts'
import { type DesiredGrant, grantName } from './desired-state.ts'

export type GcpChange =
  /** `lost`: the part that cannot be restored, shown before confirmation. */
  | { readonly kind: 'create'; readonly resource: CreatedResource; readonly lost?: string }
  | { readonly kind: 'undelete'; readonly resource: 'pool' | 'provider'; readonly name: string }
  | { readonly kind: 'undelete'; readonly resource: 'account'; readonly email: string; readonly uniqueId: string }
  | { readonly kind: 'update'; readonly name: string; readonly fields: UpdatedFields; readonly summary: string }
  | { readonly kind: 'grant'; readonly grant: DesiredGrant }

export interface ProviderFields {
  readonly issuer: string
  /** Empty: the name of the provider, with or without `https:`. */
  readonly audiences: readonly string[]
  readonly mapping: Readonly<Record<string, string>>
  readonly condition: string
  /** A JWKS as text; empty: none is uploaded. */
  readonly jwks: string
}

/** The fields that change. */
export type UpdatedFields = Partial<ProviderFields & Pick<Described, 'description'>>

export type CreatedResource = Described &
  (
    | { readonly kind: 'pool'; readonly name: string }
    | ({ readonly kind: 'provider'; readonly name: string } & ProviderFields)
    | { readonly kind: 'account'; readonly email: string }
  )

interface Described {
  readonly description: string
  /** As in the existing resource. */
  readonly displayName?: string | undefined
}

/** A resource after all changes. */
export type Resource = CreatedResource | { readonly kind: 'grant'; readonly grant: DesiredGrant }

export interface GcpFinding {
  readonly after: Resource
  readonly presence: 'present' | 'absent'
  readonly verdict: Verdict
  readonly changes: readonly GcpChange[]
  /** Existing settings that stay although the documents do not need them. */
  readonly notes: readonly string[]
  /** Fields that differ and are kept. */
  readonly kept?: readonly Replaceable[]
  readonly sharedWith?: readonly string[] | undefined
  /** Why it is refused or unknown. */
  readonly fault?: PullpassError | undefined
  readonly instead?: string | undefined
  readonly override?: Override | undefined
}

export function resourceName(resource: Resource): string {
  if (resource.kind === 'grant') return grantName(resource.grant)
  return resource.kind === 'account' ? resource.email : resource.name
}

export const resourceKinds: Readonly<Record<Resource['kind'], string>> = {
  pool: 'pool',
  provider: 'provider',
  account: 'service account',
  grant: 'grant',
}

/** One line that describes a change before it is applied. */
export function describeChange(change: GcpChange): string {
  switch (change.kind) {
    case 'create':
      return `create ${resourceKinds[change.resource.kind]} ${resourceName(change.resource)}${describeNew(change)}`
    case 'undelete':
      return change.resource === 'account'
        ? `undelete service account ${change.email}, unique ID ${change.uniqueId}, with its grants`
        : `undelete ${change.resource} ${change.name}`
    case 'update':
      return `update provider ${change.name}: ${change.summary}`
    case 'grant':
      return `grant ${grantName(change.grant)}`
    default:
      return change satisfies never
  }
}

function describeNew({ resource, lost }: Extract<GcpChange, { kind: 'create' }>): string {
  if (resource.kind !== 'provider') return lost === undefined ? '' : `: ${lost}`
  const { issuer, audiences, condition, jwks } = resource
  const parts = [
    `issuer ${issuer}`,
    ...(audiences.length === 0 ? [] : [`audiences ${audiences.join(', ')}`]),
    ...(condition === '' ? [] : [`condition ${condition}`]),
    ...(jwks === '' ? [] : ['its keys uploaded']),
  ]
  return `: ${parts.join(', ')}`
}
