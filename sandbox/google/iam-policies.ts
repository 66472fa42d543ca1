/**
 * IAM policies of resources: read, written with etag, and asked who holds a role. https://cloud.google.com/iam/docs/reference/rest/v1/Policy
 */
import { compileExpression, ExpressionError } from './cel.ts'
import { createDelayedValues } from './delayed-values.ts'

export interface Binding {
  readonly role: string
  readonly members: readonly string[]
  /** Evaluated where the resource of a request is known; elsewhere a conditional binding grants nothing. */
  readonly condition?: { readonly title?: string; readonly expression: string }
}

/** What a condition can compare. https://cloud.google.com/iam/docs/conditions-attribute-reference */
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
  /** `resource`: its full name. Without a policy: no bindings, and Google's etag for none. */
  readonly read: (resource: string) => StoredPolicy
  readonly write: (resource: string, bindings: readonly Binding[], effectiveAt?: Date) => StoredPolicy
  readonly forget: (resource: string) => void
  /** One member is called otherwise from now on, in every policy; etags stay. */
  readonly rename: (member: string, as: string) => void
  /** Whether a binding that is in effect gives one of the members one of the roles. */
  readonly grants: (
    resource: string,
    roles: readonly string[],
    members: readonly string[],
    requested?: RequestedResource,
  ) => boolean
  /** Arrange one binding, as a test does: at once, or from then on. */
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

/** A condition without a value grants nothing. */
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

/** Eight bytes, as Google's are: the time in microseconds, here with a count, since a test's clock may stand still. */
function etagOf(now: Date, count: number): string {
  const bytes = Buffer.alloc(8)
  bytes.writeBigUInt64BE(BigInt(now.getTime()) * 1000n + BigInt(count))
  return bytes.toString('base64')
}
