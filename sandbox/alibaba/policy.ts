/** Evaluates RAM policies: Allow and Deny, wildcards, and the conditions of OIDC trust policies. https://www.alibabacloud.com/help/en/ram/user-guide/policy-elements */

interface Statement {
  readonly Effect: 'Allow' | 'Deny'
  readonly Principal?: Readonly<Record<string, string | readonly string[]>>
  readonly Action: string | readonly string[]
  readonly Resource?: string | readonly string[]
  readonly Condition?: Readonly<Record<string, Readonly<Record<string, string | readonly string[]>>>>
}

export interface Policy {
  readonly Version: string
  readonly Statement: Statement | readonly Statement[]
}

interface PolicyRequest {
  readonly action: string
  /** Absent: of a trust policy. */
  readonly resource?: string
  /** Of a trust policy: ARN of the OIDC provider. */
  readonly provider?: string
  /** Values of condition keys. */
  readonly context?: Readonly<Record<string, string>>
}

/** An explicit Deny wins; without an Allow it is denied. */
export function allows(policies: readonly Policy[], request: PolicyRequest): boolean {
  const matching = policies.flatMap(({ Statement: all }) => [all].flat()).filter((one) => applies(one, request))
  return matching.some(({ Effect }) => Effect === 'Allow') && matching.every(({ Effect }) => Effect !== 'Deny')
}

function applies(
  { Principal, Action, Resource, Condition = {} }: Statement,
  { action, resource, provider, context = {} }: PolicyRequest,
): boolean {
  if (!listOf(Action).some((one) => matches(one, action, 'i'))) return false
  if (resource !== undefined && !listOf(Resource).some((one) => matches(one, resource))) return false
  if (provider !== undefined && !listOf(Principal?.['Federated']).includes(provider)) return false
  return Object.entries(Condition).every(([operator, keys]) =>
    Object.entries(keys).every(([key, values]) => holds(operator, context[key], listOf(values))),
  )
}

function holds(operator: string, value: string | undefined, expected: readonly string[]): boolean {
  if (value === undefined) return false
  if (operator === 'StringEquals') return expected.includes(value)
  if (operator === 'StringLike') return expected.some((pattern) => matches(pattern, value))
  throw new TypeError(`the sandbox does not evaluate ${operator}`)
}

const listOf = (value: string | readonly string[] | undefined): readonly string[] =>
  value === undefined ? [] : [value].flat()

function matches(pattern: string, text: string, flags = ''): boolean {
  const source = pattern
    .replaceAll(/[.+^${}()|[\]\\]/g, String.raw`\$&`)
    .replaceAll('*', '.*')
    .replaceAll('?', '.')
  return new RegExp(`^${source}$`, flags).test(text)
}

/** Undefined for a text that RAM refuses as malformed. */
export function parsePolicy(text: string, kind: 'trust' | 'identity'): Policy | undefined {
  try {
    const policy: Policy = JSON.parse(text)
    const statements = [policy.Statement].flat()
    const isValid =
      policy.Version === '1' &&
      statements.length > 0 &&
      statements.every(
        (one) =>
          ['Allow', 'Deny'].includes(one.Effect) &&
          listOf(one.Action).length > 0 &&
          (kind === 'trust'
            ? one.Principal !== undefined && one.Resource === undefined
            : one.Principal === undefined && one.Resource !== undefined),
      )
    return isValid ? policy : undefined
  } catch {
    return undefined
  }
}
