/** What one resource at Google needs: the word of a plan, and the changes that lead there, in their order. */
import type { PullpassError } from '../outside/pullpass-error.ts'
import { grantName, type WantedGrant } from './wanted-trust.ts'

/** What of a thing that is there is changed only when a flag names it. */
export const replaceable = ['issuer', 'mapping', 'condition', 'keys'] as const
export type Replaceable = (typeof replaceable)[number]

type Verdict =
  /** As it is wanted, or narrower by somebody else's will. */
  | 'ok'
  | 'create'
  | 'undelete'
  | 'update'
  | 'grant'
  /** What is there stands against it, and stays as it is unless a flag says otherwise. */
  | 'refused'
  /** It could not be looked at. */
  | 'unknown'

export type Change =
  | { readonly kind: 'create'; readonly resource: CreatedResource }
  | { readonly kind: 'undelete'; readonly resource: 'pool' | 'provider'; readonly name: string }
  | { readonly kind: 'update'; readonly name: string; readonly fields: Partial<ProviderFields>; readonly says: string }
  | { readonly kind: 'grant'; readonly grant: WantedGrant }

export interface ProviderFields {
  readonly issuer: string
  /** Empty: its own name, with or without `https:`. */
  readonly audiences: readonly string[]
  readonly mapping: Readonly<Record<string, string>>
  readonly condition: string
  /** A JWKS as text; empty: none is uploaded. */
  readonly jwks: string
}

export type CreatedResource =
  | { readonly kind: 'pool'; readonly name: string; readonly description: string }
  | ({ readonly kind: 'provider'; readonly name: string; readonly description: string } & ProviderFields)
  | { readonly kind: 'account'; readonly email: string; readonly description: string }

/** A resource as it is when every change is made. */
export type Resource = CreatedResource | { readonly kind: 'grant'; readonly grant: WantedGrant }

export interface Finding {
  readonly after: Resource
  readonly presence: 'present' | 'absent'
  readonly verdict: Verdict
  readonly changes: readonly Change[]
  /** What is there and stays, though the documents do not ask for it. */
  readonly notes: readonly string[]
  /** Why it is refused or unknown. */
  readonly fault?: PullpassError | undefined
}

export function resourceName(resource: Resource): string {
  if (resource.kind === 'grant') return grantName(resource.grant)
  return resource.kind === 'account' ? resource.email : resource.name
}

const kinds = { pool: 'pool', provider: 'provider', account: 'service account', grant: 'grant' } as const

export const resourceKind = ({ kind }: Resource): string => kinds[kind]

/** One line that says what a change does, before it is made. */
export function describeChange(change: Change): string {
  switch (change.kind) {
    case 'create':
      return `create ${resourceKind(change.resource)} ${resourceName(change.resource)}${describeNew(change.resource)}`
    case 'undelete':
      return `undelete ${change.resource} ${change.name}`
    case 'update':
      return `update provider ${change.name}: ${change.says}`
    case 'grant':
      return `grant ${grantName(change.grant)}`
    default:
      return change satisfies never
  }
}

function describeNew(resource: CreatedResource): string {
  if (resource.kind !== 'provider') return ''
  const { issuer, audiences, condition, jwks } = resource
  const parts = [
    `issuer ${issuer}`,
    ...(audiences.length === 0 ? [] : [`audiences ${audiences.join(', ')}`]),
    ...(condition === '' ? [] : [`condition ${condition}`]),
    ...(jwks === '' ? [] : ['its keys uploaded']),
  ]
  return `: ${parts.join(', ')}`
}
