/**
 * Evaluates CAM policies: allow and deny, actions and resources with wildcards, and the conditions of OIDC trust policies.
 * https://www.tencentcloud.com/document/product/598/10603 https://www.tencentcloud.com/document/product/598/10604
 */

interface Statement {
  readonly effect: 'allow' | 'deny'
  readonly principal?: Readonly<Record<string, string | readonly string[]>>
  readonly action: string | readonly string[]
  readonly resource?: string | readonly string[]
  readonly condition?: Readonly<Record<string, Readonly<Record<string, string | readonly string[]>>>>
}

interface PolicyDocument {
  readonly version: string
  readonly statement: readonly Statement[]
}

export interface PolicyRequest {
  readonly action: string
  /** Absent: of a trust policy. */
  readonly resource?: string
  /** Of a trust policy: the provider. */
  readonly federated?: string
  /** Values of condition keys. */
  readonly context?: Readonly<Record<string, string>>
}

/** An explicit deny of any of them wins; without an allow it is denied. */
export function allows(policies: readonly PolicyDocument[], request: PolicyRequest): boolean {
  const matching = policies.flatMap(({ statement }) => statement).filter((one) => applies(one, request))
  return matching.some(({ effect }) => effect === 'allow') && matching.every(({ effect }) => effect !== 'deny')
}

function applies(statement: Statement, { action, resource, federated, context = {} }: PolicyRequest): boolean {
  const { principal, condition = {} } = statement
  if (!listOf(statement.action).some((one) => matches(one.replace(/^name\//, ''), action, 'i'))) return false
  if (resource !== undefined && !listOf(statement.resource).some((one) => matches(one, resource))) return false
  if (federated !== undefined && !listOf(principal?.['federated']).includes(federated)) return false
  return Object.entries(condition).every(([operator, keys]) =>
    Object.entries(keys).every(([key, values]) => holds(operator, context[key], listOf(values))),
  )
}

/** The values of a list are alternatives. */
function holds(operator: string, value: string | undefined, expected: readonly string[]): boolean {
  if (operator === 'string_equal') return value !== undefined && expected.includes(value)
  throw new TypeError(`the sandbox does not evaluate ${operator}`)
}

const listOf = (value: string | readonly string[] | undefined): readonly string[] =>
  value === undefined ? [] : [value].flat()

function matches(pattern: string, text: string, flags = ''): boolean {
  const source = pattern.replaceAll(/[.+?^${}()|[\]\\]/g, String.raw`\$&`).replaceAll('*', '.*')
  return new RegExp(`^${source}$`, flags).test(text)
}

/** Undefined for a text that CAM refuses. */
export function parsePolicy(text: string, kind: 'trust' | 'identity'): PolicyDocument | undefined {
  try {
    const policy: PolicyDocument = JSON.parse(text)
    const isValid =
      policy.version === '2.0' &&
      Array.isArray(policy.statement) &&
      policy.statement.length > 0 &&
      policy.statement.every(
        (one) =>
          ['allow', 'deny'].includes(one.effect) &&
          listOf(one.action).length > 0 &&
          (kind === 'trust') === (one.principal !== undefined) &&
          (kind === 'identity') === (one.resource !== undefined),
      )
    return isValid ? policy : undefined
  } catch {
    return undefined
  }
}
