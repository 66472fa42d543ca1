/**
 * What exists at JFrog: integrations and their identity mappings. A mapping accepts a token with all of its claims: a claim may have
 * several values, and wildcards. Of several that accept a token, the one with the lowest number of its priority counts, and those of a
 * project come before others.
 * https://jfrog.com/help/r/jfrog-platform-administration-documentation/identity-mappings, multiple-values-in-json-claims
 */
import { UnexpectedResponse } from '../../../http/send.ts'
import { asObject, asText, isDeeperThan, type JsonObject } from '../../../text/json-fields.ts'
import { matchesPattern } from '../../trust/policy-document.ts'
import { orAbsent } from '../../trust/responses.ts'
import type { DesiredIntegration, DesiredMapping, Grantee } from './desired.ts'
import { type Platform, readJfrog, shownText } from './requests.ts'

export interface FoundIntegration {
  readonly name: string
  readonly description: string
  /** `iss` of the tokens that it accepts. */
  readonly issuer: string
  readonly issuerUrl: string
  readonly providerType: string
  readonly audience: string
  readonly projectKey: string
  readonly usesProxy: boolean
}

/** What an update sets. */
export interface MappingFields {
  readonly name: string
  readonly description: string
  readonly priority: number | undefined
  readonly claims: JsonObject
  readonly tokenSpec: JsonObject
}

export interface FoundMapping extends MappingFields {
  /** Empty for one of all projects. */
  readonly projectKey: string
  /** Of its tokens, in seconds. */
  readonly lifeSeconds: number
}

export const integrationsPath = '/access/api/v1/oidc'

export const integrationPath = (name: string): string => `${integrationsPath}/${name}`
export const mappingsPath = (integration: string): string => `${integrationPath(integration)}/identity_mappings`
/** Its name is one that pullpass chose, or passed `isMappingName`. */
export const mappingPath = (integration: string, name: string): string =>
  `${mappingsPath(integration)}/${encodeURIComponent(name)}`

/** The rule of JFrog's Terraform provider, without characters that change a path. */
export const isMappingName = (name: string): boolean => /^[\p{L}\p{N}_-]{1,255}$/u.test(name)

/** Undefined if it does not exist. @throws as readJfrog */
export const readIntegration = async (
  platform: Platform,
  { name }: Pick<DesiredIntegration, 'name'>,
): Promise<FoundIntegration | undefined> => await orAbsent(readJfrog(platform, integrationPath(name), foundIntegration))

/** @throws as readJfrog */
export const listIntegrations = async (platform: Platform): Promise<FoundIntegration[]> =>
  await readJfrog(platform, integrationsPath, (body) => listed(body).map(foundIntegration))

/** @throws as readJfrog */
export const listMappings = async (platform: Platform, integration: string): Promise<FoundMapping[]> =>
  (await orAbsent(readJfrog(platform, mappingsPath(integration), (body) => listed(body).map(foundMapping)))) ?? []

function listed(body: unknown): readonly unknown[] {
  if (Array.isArray(body)) return body
  throw new UnexpectedResponse('it is not a list')
}

function foundIntegration(item: unknown): FoundIntegration {
  const { name, description, issuer_url, token_issuer, provider_type, audience, project_key, use_default_proxy } =
    asObject(item) ?? {}
  const issuerUrl = shownText(issuer_url)
  return {
    name: shownText(name),
    description: shownText(description),
    issuer: shownText(token_issuer) || issuerUrl,
    issuerUrl,
    providerType: shownText(provider_type),
    audience: shownText(audience),
    projectKey: shownText(project_key),
    usesProxy: use_default_proxy === true,
  }
}

/** Of a mapping that is written back. */
const [deepest, longest] = [5, 16_384]
/** JFrog's default. */
const defaultSeconds = 60

function foundMapping(item: unknown): FoundMapping {
  const { name, description, priority, project_key, claims, token_spec } = asObject(item) ?? {}
  const parts = [asObject(claims) ?? {}, asObject(token_spec) ?? {}] as const
  if (isDeeperThan(parts, deepest) || JSON.stringify(parts).length > longest)
    throw new UnexpectedResponse('it contains an identity mapping that is larger than any')
  const [ownClaims, tokenSpec] = parts
  const seconds = tokenSpec['expires_in']
  return {
    name: shownText(name),
    description: shownText(description),
    projectKey: shownText(project_key),
    priority: numberOf(priority),
    claims: ownClaims,
    tokenSpec,
    lifeSeconds: numberOf(seconds) ?? defaultSeconds,
  }
}

/** Of mappings that accept a token, the one with the lowest counts. */
export const rankOf = ({ projectKey, priority = Number.MAX_SAFE_INTEGER }: FoundMapping): number =>
  projectKey === '' ? priority : 0

/** For messages. */
export const describeRank = ({ projectKey, priority }: FoundMapping): string =>
  projectKey === '' ? `with priority ${priority ?? '(none)'}` : `of project ${projectKey}`

const numberOf = (value: unknown) => (typeof value === 'number' && Number.isSafeInteger(value) ? value : undefined)

/** Besides those that are compared. https://kubernetes.io/docs/reference/access-authn-authz/service-accounts-admin/#schema-for-service-account-private-claims */
const furtherClaims = /^(?:exp|iat|nbf|jti|kubernetes\.io.{0,200})$/

/** `exactly`: this subject and audience only; `maybe`: it depends on further claims of a token of a ServiceAccount. */
export type Acceptance = 'exactly' | 'broadly' | 'maybe' | 'not'

export function acceptance(
  { claims }: Pick<FoundMapping, 'claims'>,
  { integration: { issuer }, subject, audience }: Pick<DesiredMapping, 'integration' | 'subject' | 'audience'>,
): Acceptance {
  const known = new Map([
    ['iss', issuer],
    ['sub', subject],
    ['aud', audience],
  ])
  for (const [claim, actual] of known) if (Object.hasOwn(claims, claim) && !admits(claims[claim], actual)) return 'not'
  const further = Object.keys(claims).filter((claim) => !known.has(claim))
  if (further.length > 0) return further.every((claim) => furtherClaims.test(claim)) ? 'maybe' : 'not'
  return claims['sub'] === subject && claims['aud'] === audience ? 'exactly' : 'broadly'
}

const admits = (claim: unknown, actual: string) =>
  [claim].flat().some((one) => {
    const text = asText(one)
    return text !== undefined && (text === actual || (text.includes('*') && matchesPattern(text, actual)))
  })

/** As the value of `scope` in the specification of a token. */
export const scopeOf = ({ kind, name }: Grantee): string =>
  kind === 'user' ? 'applied-permissions/user' : `applied-permissions/groups:"${name}"`

/** Whether its tokens act as this user, or have the permissions of this group alone. */
export function actsAs({ tokenSpec }: Pick<FoundMapping, 'tokenSpec'>, grantee: Grantee): boolean {
  const { scope, username } = tokenSpec
  if (shownText(tokenSpec['username_pattern']) !== '' || shownText(tokenSpec['groups_pattern']) !== '') return false
  if (grantee.kind === 'user') return username === grantee.name && ['', scopeOf(grantee)].includes(shownText(scope))
  return shownText(scope).replaceAll('"', '') === scopeOf(grantee).replaceAll('"', '')
}

/**
 * Whether it gives tokens of others the permissions of this user or group, perhaps among others; `maybe`: a pattern makes the identity
 * from their claims. https://jfrog.com/help/r/jfrog-platform-administration-documentation/dynamic-mapping
 */
export function actsAsToo(
  { tokenSpec }: Pick<FoundMapping, 'tokenSpec'>,
  { kind, name }: Grantee,
): 'yes' | 'maybe' | 'no' {
  const pattern = tokenSpec[kind === 'user' ? 'username_pattern' : 'groups_pattern']
  if (shownText(pattern) !== '') return 'maybe'
  if (kind === 'user') return tokenSpec['username'] === name ? 'yes' : 'no'
  const [, groups = ''] = /^applied-permissions\/groups:(.*)$/.exec(shownText(tokenSpec['scope'])) ?? []
  const names = groups.split(',').map((one) => one.trim().replaceAll('"', ''))
  return names.includes(name) || names.includes('*') ? 'yes' : 'no' // `*` is every group
}

/** For messages: `user puller`; or the scope, which decides where it is another one. */
export function describeIdentity({ tokenSpec }: Pick<FoundMapping, 'tokenSpec'>): string {
  const pattern = shownText(tokenSpec['username_pattern']) || shownText(tokenSpec['groups_pattern'])
  if (pattern !== '') return `what the pattern ${pattern} makes of their claims`
  const [scope, username] = [shownText(tokenSpec['scope']), shownText(tokenSpec['username'])]
  const isOfUser = username !== '' && ['', 'applied-permissions/user'].includes(scope)
  return isOfUser ? `user ${username}` : scope || 'no identity'
}

/** For messages: the tokens that it accepts. */
export function describeClaims({ claims }: Pick<FoundMapping, 'claims'>): string {
  const text = asText(claims['sub'])
  if (text !== undefined && text.length <= longestSubject) return text
  const others = Object.keys(claims).filter((claim) => claim !== 'iss' && claim !== 'aud')
  return others.length === 0 ? 'every token of the issuer' : 'several subjects, or tokens with other claims'
}

const longestSubject = 300

/** For messages. */
export const listNames = (names: readonly string[]): string =>
  names.length <= mostNames
    ? names.join(', ')
    : `${names.slice(0, mostNames).join(', ')} and ${names.length - mostNames} more`

const mostNames = 10
