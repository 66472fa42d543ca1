/**
 * Policy documents: rendered with the least permissions that documents need, and compared with existing ones. CAM returns an action
 * with or without `name/`. https://www.tencentcloud.com/document/product/598/10603
 */
import { asList, asObject, asText, isDeeperThan, type JsonObject, jsonOrNone } from '../../../text/json-fields.ts'
import { plainJson } from '../../../text/plain-text.ts'
import {
  type Acceptance,
  broadest,
  conditionAcceptance,
  listOf,
  normalized,
  otherMembers,
} from '../../trust/policy-document.ts'
import { parseRole } from '../names.ts'
import type { DesiredInstance, DesiredPolicy, DesiredStatement } from './desired.ts'

const version = '2.0'
const webIdentity = 'sts:AssumeRoleWithWebIdentity'

/** The statements of a policy; undefined if it cannot be read. `text`: JSON. */
export function statementsIn(text: string): readonly JsonObject[] | undefined {
  const written = asObject(jsonOrNone(text))?.['statement']
  if (!Array.isArray(written) || isDeeperThan(written, mostLevels)) return undefined
  const statements = asList(written).map(asObject)
  return statements.every((one) => one !== undefined) ? statements : undefined
}

/** A statement has 5: a comparison calls itself for each. */
const mostLevels = 20

/** In printable characters: others' statements are printed in commands. */
export const renderPolicy = (statements: readonly JsonObject[]): string =>
  plainJson(JSON.stringify({ version, statement: statements }))

/** Lists of one: Terraform's provider accepts no single texts. https://www.tencentcloud.com/document/product/598/47191 */
export const renderStatement = ({ provider, issuer, subject, audience }: DesiredStatement): JsonObject => ({
  effect: 'allow',
  action: [`name/${webIdentity}`],
  principal: { federated: [provider] },
  condition: { string_equal: { 'oidc:iss': [issuer], 'oidc:aud': [audience], 'oidc:sub': [subject] } },
})

/**
 * The least permissions for pulling. Tencent's example of a policy for one repository ends in `/*`, and its list of actions has the
 * name alone; which of them is compared for PullRepository is not confirmed, so that both are granted.
 * https://www.tencentcloud.com/document/product/1051/39860
 */
export const renderPullPolicy = ({ role, instances }: Pick<DesiredPolicy, 'role' | 'instances'>): string => {
  const { account } = parseRole(role)
  const on = ({ region }: DesiredInstance, path: string) => `qcs::tcr:${region}:uin/${account}:${path}`
  return renderPolicy([
    {
      effect: 'allow',
      action: ['tcr:CreateInstanceToken'],
      resource: instances.map((one) => on(one, `instance/${one.registryId}`)),
    },
    {
      effect: 'allow',
      action: ['tcr:PullRepository'],
      resource: instances.flatMap((one) =>
        one.repositories
          .flatMap((name) => (name.endsWith('/*') ? [name] : [name, `${name}/*`]))
          .map((name) => on(one, `repository/${one.registryId}/${name}`)),
      ),
    },
  ])
}

/** Whether two documents are equivalent: the order of members, lists of single values, and `name/` of actions make no difference. */
export const samePolicy = (one: string, other: string): boolean => comparable(one) === comparable(other)

const comparable = (text: string) => normalized(statementsIn(text)?.map(plainActions))

const plainActions = (statement: JsonObject): JsonObject => ({
  ...statement,
  action: listOf(statement['action']).map((one) => asText(one)?.replace(/^name\//, '')),
})

const allowing = (statements: readonly JsonObject[]) => statements.filter(({ effect }) => effect === 'allow')

const federatedIn = (statement: JsonObject): readonly unknown[] =>
  listOf(asObject(statement['principal'])?.['federated'])

/** ARNs of OIDC providers whose tokens the statements accept. */
export const providersIn = (statements: readonly JsonObject[]): string[] => [
  ...new Set(allowing(statements).flatMap((one) => federatedIn(one).flatMap((arn) => asText(arn) ?? []))),
]

/** Who else may assume the role, by statements whose principal is not a federated provider: `service cvm.qcloud.com`, `qcs qcs::…`. */
export const otherPrincipalsIn = (statements: readonly JsonObject[]): string[] => [
  ...new Set(
    allowing(statements).flatMap(({ principal }) => otherMembers(asObject(principal) ?? { principal }, 'federated')),
  ),
]

/** Whether any statement is a deny, which no further allow overrides. */
export const denies = (statements: readonly JsonObject[]): boolean =>
  statements.some(({ effect }) => effect !== 'allow')

/** By its actions. */
const permitsWebIdentity = (statement: JsonObject): boolean =>
  listOf(plainActions(statement)['action']).some((one) => one === webIdentity || one === 'sts:*' || one === '*')

/** What the condition of a statement compares; undefined for a statement of another form than `renderStatement`. */
export function tokensIn(statement: JsonObject): DesiredStatement | undefined {
  const equals = asObject(asObject(statement['condition'])?.['string_equal'])
  const [provider, issuer, audience, subject] = [
    federatedIn(statement),
    ...['oidc:iss', 'oidc:aud', 'oidc:sub'].map((key) => listOf(equals?.[key])),
  ].map((values) => (values?.length === 1 ? asText(values[0]) : undefined))
  if (provider === undefined || issuer === undefined || audience === undefined || subject === undefined)
    return undefined
  const tokens = { provider, issuer, subject, audience }
  return normalized(plainActions(statement)) === normalized(plainActions(renderStatement(tokens))) ? tokens : undefined
}

/** Whether it has the form of pullpass's statements, for a provider and issuer of these. */
export function isStatementOf(
  statement: JsonObject,
  clusters: readonly Pick<DesiredStatement, 'provider' | 'issuer'>[],
): boolean {
  const tokens = tokensIn(statement)
  return clusters.some(({ provider, issuer }) => tokens?.provider === provider && tokens.issuer === issuer)
}

/** `exactly`: only this subject and this audience; `broadly`: also others, such as any subject without a condition on it. */
export function acceptance(statements: readonly JsonObject[], desired: DesiredStatement): Acceptance {
  const { provider, issuer, audience, subject } = desired
  const values = { 'oidc:iss': issuer, 'oidc:aud': audience, 'oidc:sub': subject }
  const found = allowing(statements)
    .filter((one) => federatedIn(one).includes(provider) && permitsWebIdentity(one))
    .map(({ condition }) => conditionAcceptance(condition, values, { equals: 'string_equal', like: 'string_like' }))
  return broadest(found)
}

/** The name of a policy in plans. */
export const policyResourceName = (role: string, name: string): string => `${role} policy ${name}`
