/**
 * What exists in an organization of Cloudsmith: service accounts, OpenID Connect providers, and the privileges on a repository.
 * https://github.com/cloudsmith-io/cloudsmith-api-go: docs/Service.md, docs/ProviderSettings.md, docs/DynamicMapping.md,
 * docs/RepositoryPrivilegeDict.md
 */
import { PullpassError } from '../../../errors/pullpass-error.ts'
import type { Context } from '../../../http/context.ts'
import { UnexpectedResponse } from '../../../http/send.ts'
import { asList, asObject, shortText } from '../../../text/json-fields.ts'
import { isMarked, markOf } from '../../trust/marks.ts'
import { orAbsent } from '../../trust/responses.ts'
import { requestTrust } from '../../trust/token-api.ts'
import type { DesiredPrivilege, DesiredProvider, DesiredService, Organization } from './desired.ts'
import {
  listAll,
  organizationApi,
  privilegesPath,
  providersPath,
  repositoryApi,
  servicesPath,
  slugIn,
} from './requests.ts'

export interface FoundService {
  readonly slug: string
  readonly name: string
  readonly description: string
  readonly role: string
  readonly teams: readonly { readonly slug: string; readonly role: string }[]
}

/** `otherwise`: one that pullpass created for the documents, and to which Cloudsmith gave another slug. */
export interface ServiceLookup {
  readonly service: FoundService | undefined
  readonly otherwise: FoundService | undefined
}

/** @throws TRUST_CREDENTIALS_MISSING, TRUST_DENIED, TRUST_NOT_FOUND, TRUST_UNAVAILABLE, RESPONSE_MALFORMED */
export async function readService(context: Context, desired: DesiredService): Promise<ServiceLookup> {
  const path = servicesPath(desired)
  const request = { method: 'GET', path: `${path}${desired.slug}/` } as const
  const service = await orAbsent(
    requestTrust(context, organizationApi(desired), request, (body) => {
      const found = readServiceIn(body)
      // trust destroy deletes what it names.
      if (found.slug !== desired.slug) throw new UnexpectedResponse('it is of another service account')
      return found
    }),
  )
  if (service !== undefined) return { service, otherwise: undefined }
  const marks = desired.clusters.map((cluster) => markOf(cluster))
  const all = await listAll(context, desired, path, readServiceIn)
  const otherwise = all.find(({ name, description }) => name === desired.slug && isMarked(description, marks))
  return { service: all.find(({ slug }) => slug === desired.slug), otherwise }
}

function readServiceIn(body: unknown): FoundService {
  const { slug, name, description, role, teams } = asObject(body) ?? {}
  return {
    slug: slugIn(slug, 'a service account'),
    name: shortText(name) ?? '',
    description: shortText(description) ?? '',
    role: shortText(role) ?? '',
    teams: asList(teams).map((one) => ({
      slug: slugIn(asObject(one)?.['slug'], 'a service account whose team is'),
      role: shortText(asObject(one)?.['role']) ?? '',
    })),
  }
}

/*
 * Providers: whose tokens sign in as which service account. A provider requires claims, whose values are compared exactly, or as a
 * prefix where they end in ".*"; service accounts are listed, or follow from a claim.
 * https://docs.cloudsmith.com/authentication/openid-connect
 */

type Claims = Readonly<Record<string, string>>

export interface FoundProvider {
  /** `slug_perm`, which never changes. */
  readonly id: string
  readonly name: string
  readonly providerUrl: string
  readonly state: 'enabled' | 'disabled'
  readonly claims: Claims
  /** As which every token with the claims signs in. */
  readonly services: readonly string[]
  /** Undefined: the service accounts do not follow from a claim. */
  readonly mapping: Mapping | undefined
}

interface Mapping {
  readonly claim: string
  readonly entries: readonly { readonly value: string; readonly service: string }[]
}

const mostMapped = 20

/** @throws TRUST_CREDENTIALS_MISSING, TRUST_DENIED, TRUST_NOT_FOUND, TRUST_UNAVAILABLE, RESPONSE_MALFORMED, RESPONSE_TOO_LARGE */
export async function readProviders(context: Context, at: Organization): Promise<FoundProvider[]> {
  const found = await listAll(context, at, providersPath(at), readProvider)
  const mapped = found.filter(({ mapping }) => mapping !== undefined).length
  if (mapped > mostMapped) throw tooManyMapped(at)
  const providers: FoundProvider[] = []
  for (const one of found) {
    if (one.mapping === undefined) providers.push(one)
    else providers.push({ ...one, mapping: await readMapping(context, at, one.id, one.mapping.claim) })
  }
  return providers
}

const tooManyMapped = ({ organization }: Organization) =>
  new PullpassError({
    code: 'RESPONSE_TOO_LARGE',
    hop: 'trust',
    seen: `organization ${organization} has more than ${mostMapped} providers with dynamic mappings, each of which is one request`,
    expected: `at most ${mostMapped}`,
  })

function readProvider(item: unknown): FoundProvider {
  const { slug_perm, name, provider_url, enabled, claims, service_accounts, mapping_claim } = asObject(item) ?? {}
  const claim = shortText(mapping_claim) ?? ''
  return {
    id: slugIn(slug_perm, 'a provider'),
    name: shortText(name) ?? '',
    providerUrl: shortText(provider_url) ?? '',
    state: enabled === true ? 'enabled' : 'disabled',
    claims: Object.fromEntries(Object.entries(asObject(claims) ?? {}).map(([key, value]) => [key, claimText(value)])),
    services: asList(service_accounts).map((one) => slugIn(one, 'a provider with a service account')),
    mapping: claim === '' ? undefined : { claim, entries: [] },
  }
}

/** A list with one value is that value. */
function claimText(value: unknown): string {
  const [only, ...others] = Array.isArray(value) ? value : [value]
  return others.length === 0 ? (shortText(only) ?? JSON.stringify(only) ?? '') : JSON.stringify(value)
}

async function readMapping(context: Context, at: Organization, id: string, claim: string): Promise<Mapping> {
  const entries = await listAll(context, at, `${providersPath(at)}${id}/dynamic-mappings/`, (item) => ({
    value: shortText(asObject(item)?.['claim_value']) ?? '',
    service: slugIn(asObject(item)?.['service_account'], 'a mapping to a service account'),
  }))
  return { claim, entries }
}

/** The claims of the tokens that sign in as a service account, one for each mapping. */
export function signInsAs({ claims, services, mapping }: FoundProvider, service: string): Claims[] {
  const mapped = (mapping?.entries ?? []).filter((one) => one.service === service)
  return [
    ...(services.includes(service) ? [claims] : []),
    ...mapped.map(({ value }) => ({ ...claims, [mapping?.claim ?? '']: value })),
  ]
}

const [longestName, longestClaims] = [100, 300]

/** For messages. */
export const nameOf = ({ name, id }: FoundProvider): string => name.slice(0, longestName) || id

/** For messages. */
export const describeClaims = (claims: Claims): string =>
  Object.entries(claims)
    .map(([name, value]) => `${name} ${value}`)
    .join(' and ')
    .slice(0, longestClaims) || 'any claims'

/** Cloudsmith adds or removes a slash at the end. */
export const isIssuer = (url: string, issuer: string): boolean => withoutSlash(url) === withoutSlash(issuer)
const withoutSlash = (url: string) => (url.endsWith('/') ? url.slice(0, -1) : url)

/** Whether tokens of exactly this subject and audience have the claims. */
export const isExact = (
  claims: Claims,
  { issuer, subject, audience }: Omit<DesiredProvider, keyof Organization>,
): boolean =>
  claims['sub'] === subject &&
  claims['aud'] === audience &&
  Object.entries(claims).every(([name, value]) => ['sub', 'aud'].includes(name) || (name === 'iss' && value === issuer))

/** What the documents need: the provider that pullpass creates, or one of another owner for exactly the same tokens. */
export const providerIn = (found: readonly FoundProvider[], desired: DesiredProvider): FoundProvider | undefined =>
  found.find(({ name }) => name === desired.name) ??
  found.find(
    ({ providerUrl, claims, mapping }) =>
      isIssuer(providerUrl, desired.issuer) && mapping === undefined && isExact(claims, desired),
  )

// Privileges.

const holders = ['user', 'team', 'service'] as const

export interface Privilege {
  readonly holder: (typeof holders)[number]
  /** Of the holder. */
  readonly slug: string
  readonly level: (typeof levels)[number]
}

const levels = ['Read', 'Write', 'Admin'] as const

/** All of a repository: the list has no pages. Undefined if the repository does not exist. @throws as requestTrust, RESPONSE_MALFORMED */
export async function readPrivileges(
  context: Context,
  { service, repository }: DesiredPrivilege,
): Promise<Privilege[] | undefined> {
  const request = { method: 'GET', path: privilegesPath(service, repository) } as const
  return await orAbsent(
    requestTrust(context, repositoryApi(service, repository), request, (body) => {
      const list = asObject(body)?.['privileges']
      if (!Array.isArray(list)) throw new UnexpectedResponse('it has no list of privileges')
      return asList(list).map(readPrivilege)
    }),
  )
}

/** One that is not understood could not be written again. The other holders are null. */
function readPrivilege(item: unknown): Privilege {
  const { privilege, ...others } = asObject(item) ?? {}
  const [holder, ...more] = holders.filter((one) => others[one] !== undefined && others[one] !== null)
  const level = levels.find((one) => one === privilege)
  if (holder === undefined || more.length > 0 || level === undefined)
    throw new UnexpectedResponse('it contains a privilege of an unknown form')
  return { holder, slug: slugIn(others[holder], `a privilege whose ${holder} is`), level }
}
