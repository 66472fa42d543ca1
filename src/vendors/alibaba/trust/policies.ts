/**
 * Policy documents: rendered with the least permissions that documents need, and compared with existing ones. They have no ids of statements.
 * https://www.alibabacloud.com/help/en/ram/user-guide/create-a-ram-role-for-a-trusted-idp
 */
import type { ImageReference } from '../../../registry/image-reference.ts'
import { asObject, asText, type JsonObject } from '../../../text/json-fields.ts'
import { plainJson } from '../../../text/plain-text.ts'
import { splitRepositories } from '../../trust/names.ts'
import {
  type Acceptance,
  broadest,
  conditionAcceptance,
  furtherConditions,
  listOf,
  matchesPattern,
  normalized,
  otherMembers,
  parsePolicy,
} from '../../trust/policy-document.ts'
import { registryHosts } from '../hosts.ts'
import type { DesiredPolicy, DesiredStatement } from './desired.ts'

/** The statements of a policy; undefined if it cannot be read. `text`: JSON. */
export function statementsIn(text: string): readonly JsonObject[] | undefined {
  const statements = listOf(asObject(parsePolicy(text))?.['Statement']).map(asObject)
  const objects = statements.filter((one) => one !== undefined)
  return statements.length > 0 && objects.length === statements.length ? objects : undefined
}

/** In printable characters: others' statements are printed in commands. */
export const renderPolicy = (statements: readonly JsonObject[]): string =>
  plainJson(JSON.stringify({ Version: '1', Statement: statements }))

/** The members and keys are those that Alibaba Cloud's ack-ram-tool writes for a service account. */
export const renderStatement = ({ provider, issuer, subject, audience }: DesiredStatement): JsonObject => ({
  Effect: 'Allow',
  Action: assumeRole,
  Principal: { Federated: [provider] },
  Condition: { StringEquals: { 'oidc:iss': issuer, 'oidc:sub': subject, 'oidc:aud': audience } },
})

const assumeRole = 'sts:AssumeRole'

/**
 * The least permissions for pulling: authorization tokens cannot be limited to an instance, pulling is limited to the repositories.
 * https://www.alibabacloud.com/help/en/acr/user-guide/ram-authorization-information
 */
export const renderPullPolicy = ({ repositories }: Pick<DesiredPolicy, 'repositories'>): string =>
  renderPolicy([
    { Effect: 'Allow', Action: 'cr:GetAuthorizationToken', Resource: '*' },
    { Effect: 'Allow', Action: 'cr:PullRepository', Resource: repositories },
  ])

const federatedIn = (statement: JsonObject): readonly unknown[] =>
  listOf(asObject(statement['Principal'])?.['Federated'])

/** ARNs of OIDC providers whose tokens the statements accept. */
export const providersIn = (statements: readonly JsonObject[]): string[] => [
  ...new Set(
    statements
      .filter(({ Effect }) => Effect === 'Allow')
      .flatMap((one) => federatedIn(one).flatMap((arn) => asText(arn) ?? [])),
  ),
]

/** Who else may assume the role: `RAM acs:ram::…:root`, `Service ecs.aliyuncs.com`. */
export const otherPrincipalsIn = (statements: readonly JsonObject[]): string[] => [
  ...new Set(
    statements
      .filter(({ Effect }) => Effect === 'Allow')
      .flatMap(({ Principal }) => otherMembers(asObject(Principal) ?? { Principal }, 'Federated')),
  ),
]

/** Whether any statement is a Deny, which no further Allow overrides. */
export const denies = (statements: readonly JsonObject[]): boolean => statements.some(({ Effect }) => Effect === 'Deny')

const permitsAssuming = ({ Action }: JsonObject) =>
  listOf(Action).some((action) => action === assumeRole || action === 'sts:*' || action === '*')

const ofProvider = (statements: readonly JsonObject[], provider: string) =>
  statements.filter((one) => one['Effect'] === 'Allow' && federatedIn(one).includes(provider) && permitsAssuming(one))

/** A provider has one issuer: a condition on it that accepts it makes no difference. */
function acceptanceOf({ Condition }: JsonObject, { issuer, subject, audience }: DesiredStatement): Acceptance {
  const operators = asObject(Condition) ?? {}
  const accepts = (values: Readonly<Record<string, string>>) =>
    conditionAcceptance(operators, values, { equals: 'StringEquals', like: 'StringLike' })
  const named = { 'oidc:sub': subject, 'oidc:aud': audience }
  const withIssuer = accepts({ ...named, 'oidc:iss': issuer })
  const hasIssuer = Object.values(operators).some((keys) => Object.hasOwn(asObject(keys) ?? {}, 'oidc:iss'))
  return hasIssuer ? withIssuer : accepts(named)
}

/** `exactly`: only this subject and this audience; `broadly`: also others, such as any audience without a condition on it. */
export function acceptance(statements: readonly JsonObject[], desired: DesiredStatement): Acceptance {
  const found = ofProvider(statements, desired.provider).map((one) => acceptanceOf(one, desired))
  return broadest(found)
}

/** Statements for exactly this subject and audience that have further conditions, which are not evaluated. */
export const restricted = (
  statements: readonly JsonObject[],
  { provider, subject, audience }: DesiredStatement,
): JsonObject[] =>
  ofProvider(statements, provider).filter((one) => {
    const equals = asObject(asObject(one['Condition'])?.['StringEquals'])
    const has = (name: string, value: string) => listOf(equals?.[name]).includes(value)
    return has('oidc:sub', subject) && has('oidc:aud', audience)
  })

const own = ['oidc:iss', 'oidc:sub', 'oidc:aud']

/** The conditions of a statement in addition to those on its token, for messages. */
export const restrictions = ({ Condition }: JsonObject): string => furtherConditions(Condition, 'StringEquals', own)

/** Whether the statement has the form of `renderStatement`, for one of these statements. */
export const isStatementOf = (statement: JsonObject, all: readonly DesiredStatement[]): boolean =>
  all.some((one) => normalized(statement) === normalized(renderStatement(one)))

/** The tokens that a statement of the form of `renderStatement` accepts; undefined for any other form. */
export function tokensIn(statement: JsonObject): DesiredStatement | undefined {
  const [provider] = federatedIn(statement).map(asText)
  const equals = asObject(asObject(statement['Condition'])?.['StringEquals'])
  const [issuer, subject, audience] = own.map((name) => asText(listOf(equals?.[name])[0]))
  if (provider === undefined || issuer === undefined || subject === undefined || audience === undefined)
    return undefined
  const tokens = { provider, issuer, subject, audience }
  return isStatementOf(statement, [tokens]) ? tokens : undefined
}

/**
 * The name of an image's repository, which is its path; or `configured` (names separated by commas, possibly with `*`) if one of
 * them contains it. Undefined for an image of another registry, unless a host outside Alibaba Cloud is a proxy for the configured ones.
 */
export function repositoryOfImage(
  { host, repository }: Pick<ImageReference, 'host' | 'repository'>,
  configured = '',
): string | undefined {
  if (configured === '' && !registryHosts.accepts(host)) return undefined
  return splitRepositories(configured).some((pattern) => matchesPattern(pattern, repository)) ? configured : repository
}

/** An image in the first of several repositories. */
export function imageInRepository(repositories: string, image: string): string {
  const [first = ''] = splitRepositories(repositories)
  return first.includes('*') ? first.replace('*', image).replaceAll('*', '') : first
}
