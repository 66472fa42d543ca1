/**
 * Policy documents: rendered with the least permissions that documents need, and compared with existing ones.
 * https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_grammar.html
 */

import type { ImageReference } from '../../../registry/image-reference.ts'
import { asList, asObject, asText, type JsonObject } from '../../../text/json-fields.ts'
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
import { parseRegistryHost, partitionOfRegion } from '../partitions.ts'
import { type DesiredPolicy, type DesiredStatement, isOwnSid, type Tokens } from './desired.ts'

const version = '2012-10-17'

/** The statements of a policy; undefined if it cannot be read. `text`: JSON. */
export function statementsIn(text: string): readonly JsonObject[] | undefined {
  const policy = asObject(parsePolicy(text))
  const written = policy?.['Statement']
  const statements = Array.isArray(written) ? written : [written]
  return statements.every((one) => asObject(one) !== undefined)
    ? statements.map((one) => asObject(one) ?? {})
    : undefined
}

/** In printable characters: others' statements are printed in commands. */
export const renderPolicy = (statements: readonly JsonObject[]): string =>
  plainJson(JSON.stringify({ Version: version, Statement: statements }))

export const renderStatement = ({ sid, provider, key, subject, audience }: DesiredStatement): JsonObject => ({
  Sid: sid,
  Effect: 'Allow',
  Principal: { Federated: provider },
  Action: webIdentity,
  Condition: { StringEquals: { [`${key}:sub`]: subject, [`${key}:aud`]: audience } },
})

const webIdentity = 'sts:AssumeRoleWithWebIdentity'

/**
 * The least permissions for pulling; images of the public registry need none.
 * https://docs.aws.amazon.com/AmazonECR/latest/userguide/image-pull-iam.html
 * https://docs.aws.amazon.com/AmazonECRPublic/latest/APIReference/API_GetAuthorizationToken.html
 */
export const renderPullPolicy = ({
  repositories,
  hasPublic,
}: Pick<DesiredPolicy, 'repositories' | 'hasPublic'>): string =>
  renderPolicy([
    ...(repositories.length === 0 ? [] : privateStatements(repositories)),
    ...(hasPublic ? [publicStatement] : []),
  ])

const privateStatements = (repositories: readonly string[]): JsonObject[] => [
  { Sid: 'Token', Effect: 'Allow', Action: 'ecr:GetAuthorizationToken', Resource: '*' },
  {
    Sid: 'Pull',
    Effect: 'Allow',
    Action: ['ecr:BatchGetImage', 'ecr:GetDownloadUrlForLayer'],
    Resource: repositories,
  },
]

const publicStatement: JsonObject = {
  Sid: 'PublicToken',
  Effect: 'Allow',
  Action: ['ecr-public:GetAuthorizationToken', 'sts:GetServiceBearerToken'],
  Resource: '*',
}

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

/** Who else may assume the role, by statements whose principal is not a federated provider: `AWS arn:…`, `Service ec2.amazonaws.com`, `*`. */
export const otherPrincipalsIn = (statements: readonly JsonObject[]): string[] => [
  ...new Set(statements.filter(({ Effect }) => Effect === 'Allow').flatMap(principalsOf)),
]

/** https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_principal.html */
function principalsOf({ Principal, NotPrincipal }: JsonObject): string[] {
  if (NotPrincipal !== undefined) return [`every principal except ${JSON.stringify(NotPrincipal)}`]
  const kinds = asObject(Principal)
  if (kinds === undefined) return listOf(Principal).map((one) => asText(one) ?? JSON.stringify(one))
  return otherMembers(kinds, 'Federated')
}

interface AcceptedTokens extends Tokens {
  /** ARN. */
  readonly provider: string
  /** Prefix of its condition keys. */
  readonly key: string
}

/**
 * The subject and audience that a statement of the form of `renderStatement` accepts, as tokens of the provider; undefined for any
 * other form.
 */
export function tokensIn(statement: JsonObject): AcceptedTokens | undefined {
  const [provider] = federatedIn(statement).map(asText)
  const [, key = ''] = provider?.split(':oidc-provider/') ?? []
  if (statement['Effect'] !== 'Allow' || provider === undefined || key === '') return undefined
  const equals = asObject(asObject(statement['Condition'])?.['StringEquals'])
  const [subject, audience] = [asText(equals?.[`${key}:sub`]), asText(equals?.[`${key}:aud`])]
  return subject === undefined || audience === undefined ? undefined : { provider, key, subject, audience }
}

/** The conditions of a statement in addition to those on its subject and audience, for messages; empty if there are none. */
export function restrictions(statement: JsonObject): string {
  const { key = '' } = tokensIn(statement) ?? {}
  return furtherConditions(statement['Condition'], 'StringEquals', [`${key}:sub`, `${key}:aud`])
}

/** By its actions. */
export const permitsWebIdentity = ({ Action }: JsonObject): boolean =>
  listOf(Action).some((action) => action === webIdentity || action === 'sts:*' || action === '*')

/** https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_condition-logic-multiple-context-keys-or-values.html */
export function acceptance(
  statements: readonly JsonObject[],
  desired: Pick<DesiredStatement, 'provider' | 'key' | 'subject' | 'audience'>,
): Acceptance {
  const { key, subject, audience } = desired
  const values = { [`${key}:sub`]: subject, [`${key}:aud`]: audience }
  const own = statements.filter(
    (one) => one['Effect'] === 'Allow' && federatedIn(one).includes(desired.provider) && permitsWebIdentity(one),
  )
  const found = own.map(({ Condition }) =>
    conditionAcceptance(Condition, values, { equals: 'StringEquals', like: 'StringLike' }),
  )
  return broadest(found)
}

/** Whether any statement is a Deny, which no further Allow overrides. */
export const denies = (statements: readonly JsonObject[]): boolean => statements.some(({ Effect }) => Effect === 'Deny')

/** Whether pullpass added the statement for one of these clusters, and it is unchanged since. */
export function isStatementOf(statement: JsonObject, marks: readonly string[]): boolean {
  const tokens = tokensIn(statement)
  const sid = sidIn(statement)
  if (tokens === undefined || !isOwnSid(sid, marks, tokens)) return false
  return normalized(statement) === normalized(renderStatement({ sid, ...tokens }))
}

/** Ids of statements. */
export const sidIn = (statement: JsonObject): string => asText(statement['Sid']) ?? ''

/** Names in a list of IAM, such as of policies. */
export const namesIn = (list: unknown): string[] => asList(list).flatMap((one) => asText(one) ?? [])

/** The name of an inline policy in plans. */
export const policyResourceName = (role: string, name: string): string => `${role} policy ${name}`

/**
 * The ARN of an image's repository, which is the path of the image; or `configured` (ARNs separated by commas, possibly with `*`)
 * if one of them contains it. A host outside AWS is a proxy for the configured ones.
 */
export function repositoryOfImage(
  { host, repository }: Pick<ImageReference, 'host' | 'repository'>,
  configured = '',
): string | undefined {
  const [, , , region = '', account = ''] = configured.split(':')
  const place = parseRegistryHost(host) ?? (account === '' ? undefined : { region, account })
  if (place === undefined) return undefined
  const arn = `arn:${partitionOfRegion(place.region).name}:ecr:${place.region}:${place.account}:repository/${repository}`
  return splitRepositories(configured).some((pattern) => matchesPattern(pattern, arn)) ? configured : arn
}

/** An image in the first of several repositories; a repository is the path of an image. */
export function imageInRepository(repositories: string, image: string): string {
  const [first = ''] = splitRepositories(repositories)
  const name = first.slice(first.indexOf(':repository/') + ':repository/'.length)
  return name.includes('*') ? name.replace('*', image).replaceAll('*', '') : name
}
