/**
 * IAM policies of resources: reads, writes with etag, and evaluation. https://cloud.google.com/iam/docs/reference/rest/v1/Policy
 */
import { compileExpression, ExpressionError } from '../cel.ts'
import { createDelayedValues } from './delayed-values.ts'

export interface Binding {
  readonly role: string
  readonly members: readonly string[]
  /** Evaluated if the resource of the request is known; otherwise a conditional binding grants nothing. */
  readonly condition?: { readonly title?: string; readonly expression: string }
}

/** Attributes that a condition can compare. https://cloud.google.com/iam/docs/conditions-attribute-reference */
export interface RequestedResource {
  readonly name: string
  readonly type: string
  readonly service: string
}

export interface StoredPolicy {
  readonly bindings: readonly Binding[]
  /** Base64. */
  readonly etag: string
}

export interface IamPolicies {
  /** `resource`: its full name. Without a policy: no bindings, and Google's etag of an empty policy. */
  readonly read: (resource: string) => StoredPolicy
  readonly write: (resource: string, bindings: readonly Binding[], effectiveAt?: Date) => StoredPolicy
  readonly forget: (resource: string) => void
  /** Renames one member in every policy; etags do not change. */
  readonly rename: (member: string, as: string) => void
  /** Whether a binding in effect grants one of the roles to one of the members. */
  readonly grants: (
    resource: string,
    roles: readonly string[],
    members: readonly string[],
    requested?: RequestedResource,
  ) => boolean
  /** Adds one binding, for tests: in effect immediately or from the given time. */
  readonly allow: (resource: string, role: string, member: string, effectiveAt?: Date) => void
  readonly deny: (resource: string, member: string) => void
}

const noPolicy: StoredPolicy = { bindings: [], etag: 'ACAB' }

export function createIamPolicies(now: () => Date): IamPolicies {
  const policies = createDelayedValues<StoredPolicy>(now)
  let writes = 0
  const read: IamPolicies['read'] = (resource) => policies.latest(resource) ?? noPolicy
  const write: IamPolicies['write'] = (resource, bindings, effectiveAt = now()) => {
    const policy = { bindings, etag: etagOf(now(), ++writes) }
    policies.write(resource, policy, effectiveAt)
    return policy
  }
  const without = (bindings: readonly Binding[], member: string) =>
    bindings
      .map((binding) => ({ ...binding, members: binding.members.filter((one) => one !== member) }))
      .filter(({ members }) => members.length > 0)
  return {
    read,
    write,
    forget: policies.forget,
    rename: (member, as) =>
      policies.change((policy) => ({ ...policy, bindings: renamed(policy.bindings, member, as) })),
    grants: (resource, roles, members, requested) =>
      (policies.effective(resource)?.bindings ?? []).some(
        (binding) =>
          roles.includes(binding.role) &&
          binding.members.some((member) => members.includes(member)) &&
          holds(binding.condition, requested),
      ),
    allow(resource, role, member, effectiveAt = now()) {
      const others = without(read(resource).bindings, member)
      if (effectiveAt > now()) write(resource, others)
      const same = others.find((binding) => binding.role === role && !binding.condition)
      const members = [...(same?.members ?? []), member]
      write(resource, [...others.filter((binding) => binding !== same), { role, members }], effectiveAt)
    },
    deny: (resource, member) => void write(resource, without(read(resource).bindings, member)),
  }
}

/** A condition that cannot be evaluated grants nothing. */
function holds(condition: Binding['condition'], requested: RequestedResource | undefined): boolean {
  if (!condition) return true
  if (!requested) return false
  try {
    return compileExpression(condition.expression, ['resource'])({ resource: requested }) === true
  } catch (error) {
    if (error instanceof ExpressionError) return false
    throw error
  }
}

const renamed = (bindings: readonly Binding[], member: string, as: string) =>
  bindings.map((binding) => ({ ...binding, members: binding.members.map((one) => (one === member ? as : one)) }))

/** Eight bytes, as Google's etags: the time in microseconds plus a counter, because a test's clock may be constant. */
function etagOf(now: Date, count: number): string {
  const bytes = Buffer.alloc(8)
  bytes.writeBigUInt64BE(BigInt(now.getTime()) * 1000n + BigInt(count))
  return bytes.toString('base64')
}
