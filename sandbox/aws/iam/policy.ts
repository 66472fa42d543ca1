/**
 * Evaluates IAM policies: Allow and Deny, actions and resources with wildcards, and the conditions of OIDC trust policies.
 * https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_evaluation-logic.html
 */

interface Statement {
  readonly Sid?: string
  readonly Effect: 'Allow' | 'Deny'
  readonly Principal?: '*' | Readonly<Record<string, string | readonly string[]>>
  readonly Action: string | readonly string[]
  readonly Resource?: string | readonly string[]
  readonly Condition?: Readonly<Record<string, Readonly<Record<string, string | readonly string[]>>>>
}

export interface Policy {
  readonly Version: string
  readonly Statement: Statement | readonly Statement[]
}

export interface PolicyRequest {
  readonly action: string
  /** Absent: of a trust policy. */
  readonly resource?: string
  /** Of a trust policy: `Federated`, `AWS`, and who. */
  readonly principal?: readonly [kind: string, arn: string]
  /** Values of condition keys. */
  readonly context?: Readonly<Record<string, string>>
}

/** An explicit Deny of any of them wins; without an Allow it is denied. */
export function allows(policies: readonly Policy[], request: PolicyRequest): boolean {
  const matching = policies.flatMap(({ Statement: all }) => [all].flat()).filter((one) => applies(one, request))
  return matching.some(({ Effect }) => Effect === 'Allow') && matching.every(({ Effect }) => Effect !== 'Deny')
}

function applies(statement: Statement, { action, resource, principal, context = {} }: PolicyRequest): boolean {
  const { Principal, Action, Resource, Condition = {} } = statement
  if (!listOf(Action).some((one) => matches(one, action, 'i'))) return false
  if (resource !== undefined && !listOf(Resource).some((one) => matches(one, resource))) return false
  if (principal !== undefined && Principal !== '*') {
    const [kind, arn] = principal
    if (!listOf(Principal?.[kind]).some((one) => one === arn || one === '*' || isAccountOf(one, arn))) return false
  }
  return Object.entries(Condition).every(([operator, keys]) =>
    Object.entries(keys).every(([key, values]) => holds(operator, context[key], listOf(values))),
  )
}

const isAccountOf = (one: string, arn: string) =>
  /^arn:aws:iam::\d{12}:root$/.test(one) && one.split(':')[4] === arn.split(':')[4]

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

/** Undefined for a text that IAM refuses as malformed. */
export function parsePolicy(text: string, kind: 'trust' | 'identity'): Policy | undefined {
  try {
    const policy: Policy = JSON.parse(text)
    const statements = [policy.Statement].flat()
    const isValid =
      ['2012-10-17', '2008-10-17'].includes(policy.Version) &&
      statements.length > 0 &&
      statements.every(
        (one) =>
          ['Allow', 'Deny'].includes(one.Effect) &&
          listOf(one.Action).length > 0 &&
          (one.Sid === undefined || /^[A-Za-z0-9]*$/.test(one.Sid)) &&
          (kind === 'trust'
            ? one.Principal !== undefined && one.Resource === undefined
            : one.Principal === undefined && one.Resource !== undefined),
      )
    return isValid ? policy : undefined
  } catch {
    return undefined
  }
}
