/**
 * The OpenID Connect provider for the tokens of one subject and audience: it requires exactly these claims, and lists the service
 * accounts as which the documents sign in. https://docs.cloudsmith.com/authentication/openid-connect
 */
import type { PullpassError } from '../../../errors/pullpass-error.ts'
import type { Context } from '../../../http/context.ts'
import { type Accepted, changedMeanwhile, type RemovalPlan, trustRefused } from '../../trust/contract.ts'
import type { VendorChange, VendorFinding } from '../../trust/marked-resource.ts'
import { hasMarkedName } from '../../trust/marks.ts'
import { changeByRequest, requestTrust, type TokenRequest } from '../../trust/token-api.ts'
import { type DesiredProvider, type Organization, providerResourceName } from './desired.ts'
import { describeClaims, type FoundProvider, isExact, isIssuer, nameOf, providerIn, readProviders } from './found.ts'
import { organizationApi, providersPath } from './requests.ts'
import { providerHcl } from './terraform.ts'

const claimsOf = ({ subject, audience }: DesiredProvider): { readonly sub: string; readonly aud: string } => ({
  sub: subject,
  aud: audience,
})

const differences = ['providerUrl', 'claims', 'enabled', 'serviceAccounts'] as const

type Difference = (typeof differences)[number]

export function evaluateProvider(
  desired: DesiredProvider,
  found: readonly FoundProvider[],
  { replace }: Accepted,
  context: Context,
): VendorFinding {
  const existing = providerIn(found, desired)
  if (existing === undefined) {
    return { presence: 'absent', verdict: 'create', changes: [createChange(desired, context)] }
  }
  const isOwn = existing.name === desired.name
  const extra = existing.services.filter((one) => !desired.services.includes(one))
  const isReduced = isOwn && replace.includes('serviceAccounts')
  const services = isReduced ? desired.services : [...existing.services, ...missingIn(existing, desired)]
  const different = differencesOf(existing, desired)
  const unaccepted = different.filter(
    (one) => !replace.includes(one) && !(one === 'serviceAccounts' && isOwn && existing.mapping === undefined),
  )
  const present = {
    presence: 'present',
    notes: isOwn && !isReduced ? extra.map((one) => extraNote(one)) : [],
    kept: isOwn && !isReduced && extra.length > 0 ? ['serviceAccounts'] : [],
    hcl: providerHcl(desired, existing),
  } as const
  if (unaccepted[0] !== undefined) {
    const fault = whyRefused(existing, desired, unaccepted[0])
    return { ...present, verdict: 'refused', fault, override: { replace: unaccepted } }
  }
  const changed = differences.filter(
    (one) => different.includes(one) || (one === 'serviceAccounts' && isReduced && extra.length > 0),
  )
  if (changed.length === 0) return { ...present, verdict: 'ok' }
  const hcl = providerHcl(desired, { ...afterAll(desired, existing, changed), services })
  return {
    ...present,
    verdict: 'update',
    changes: [updateChange(desired, existing, { changed, services }, context)],
    hcl,
  }
}

const missingIn = ({ services }: FoundProvider, desired: DesiredProvider) =>
  desired.services.filter((one) => !services.includes(one))

function differencesOf(existing: FoundProvider, desired: DesiredProvider): Difference[] {
  const { providerUrl, claims, state, mapping } = existing
  const is: Readonly<Record<Difference, boolean>> = {
    providerUrl: !isIssuer(providerUrl, desired.issuer),
    claims: !isExact(claims, desired),
    enabled: state === 'disabled',
    serviceAccounts: mapping !== undefined || missingIn(existing, desired).length > 0,
  }
  return differences.filter((one) => is[one])
}

const extraNote = (service: string) =>
  `it also signs in as ${service}: pass the other documents of the cluster too with -f; if none uses it, remove it: --replace serviceAccounts`

function whyRefused(existing: FoundProvider, desired: DesiredProvider, difference: Difference): PullpassError {
  const { providerUrl, claims, services, mapping } = existing
  const signsIn =
    mapping === undefined ? services.join(', ') || 'none' : `those to which the claim ${mapping.claim} leads`
  const reasons: Readonly<Record<Difference, readonly [seen: string, expected: string]>> = {
    providerUrl: [
      `has the provider URL ${providerUrl}`,
      `${desired.issuer}, the issuer of the cluster for which pullpass created it`,
    ],
    claims: [
      `accepts tokens with ${describeClaims(claims)}`,
      `exactly the tokens of the documents: ${describeClaims(claimsOf(desired))}`,
    ],
    enabled: ['is disabled', 'an enabled one: a disabled one accepts no token'],
    serviceAccounts: [
      `is for the tokens of the documents, and signs in as ${signsIn}`,
      `${desired.services.join(', ')}: which of two providers for the same tokens Cloudsmith uses is not documented`,
    ],
  }
  const [seen, expected] = reasons[difference]
  return trustRefused(`provider ${nameOf(existing)} of ${desired.organization} ${seen}`, {
    expected,
    hint: `check who configured that; to change it: --replace ${difference}`,
  })
}

function createChange(desired: DesiredProvider, context: Context): VendorChange {
  const { name, issuer, services } = desired
  const json = { name, enabled: true, provider_url: issuer, claims: claimsOf(desired), service_accounts: services }
  const signsIn = `tokens with ${describeClaims(claimsOf(desired))} sign in as ${services.join(', ')}`
  const description = `create provider ${providerResourceName(desired)} for ${issuer}: ${signsIn}`
  const request: TokenRequest = {
    method: 'POST',
    path: providersPath(desired),
    json,
    statuses: [200, 201],
    repeat: 'never',
  }
  return changeByRequest(context, organizationApi(desired), { action: 'create', description }, request)
}

interface Update {
  readonly changed: readonly Difference[]
  readonly services: readonly string[]
}

const afterAll = (
  desired: DesiredProvider,
  existing: FoundProvider,
  changed: readonly Difference[],
): FoundProvider => ({
  ...existing,
  ...(changed.includes('providerUrl') && { providerUrl: desired.issuer }),
  ...(changed.includes('claims') && { claims: claimsOf(desired) }),
  ...(changed.includes('enabled') && { state: 'enabled' as const }),
})

function updateChange(
  desired: DesiredProvider,
  existing: FoundProvider,
  { changed, services }: Update,
  context: Context,
): VendorChange {
  const values = {
    providerUrl: { words: `issuer ${desired.issuer}`, json: { provider_url: desired.issuer } },
    claims: { words: describeClaims(claimsOf(desired)), json: { claims: claimsOf(desired) } },
    enabled: { words: 'enabled', json: { enabled: true } },
    serviceAccounts: {
      words: `signs in as ${services.join(', ')}`,
      json: {
        service_accounts: services,
        ...(existing.mapping !== undefined && { mapping_claim: null, dynamic_mappings: [] }),
      },
    },
  }
  const name = providerResourceName({ ...desired, name: nameOf(existing) })
  const description = `update provider ${name}: ${changed.map((one) => values[one].words).join(', ')}`
  const json = Object.assign({}, ...changed.map((one) => values[one].json))
  const request = { method: 'PATCH', path: `${providersPath(desired)}${existing.id}/`, json } as const
  const change = { action: 'update', fields: changed, description } as const
  return changeOfProvider(desired, existing, { change, request }, context)
}

interface ProviderChange {
  readonly change: Omit<VendorChange, 'words' | 'apply'>
  readonly request: TokenRequest
}

/** Its service accounts are written as a whole: it is read again immediately before. */
export function changeOfProvider(
  at: Organization,
  existing: FoundProvider,
  { change, request }: ProviderChange,
  context: Context,
): VendorChange {
  const byRequest = changeByRequest(context, organizationApi(at), change, request)
  return {
    ...byRequest,
    async apply() {
      const current = (await readProviders(context, at)).find(({ id }) => id === existing.id)
      if (JSON.stringify(current) !== JSON.stringify(existing))
        throw changedMeanwhile(`provider ${nameOf(existing)} of ${at.organization}`)
      await byRequest.apply()
    },
  }
}

/** The request by which a provider no longer signs in as these: without others, it is deleted. */
export function signOut(at: Organization, { id, services }: FoundProvider, removed: readonly string[]): TokenRequest {
  const left = services.filter((one) => !removed.includes(one))
  const path = `${providersPath(at)}${id}/`
  return left.length === 0
    ? { method: 'DELETE', path, statuses: [204] }
    : { method: 'PATCH', path, json: { service_accounts: left } }
}

/** Removable if pullpass created it for one of the clusters with these marks; service accounts of other documents stay in it. */
export function planProviderRemoval(
  desired: DesiredProvider,
  found: readonly FoundProvider[],
  marks: readonly string[],
  context: Context,
): RemovalPlan {
  const existing = providerIn(found, desired)
  if (existing === undefined) return { state: 'absent' }
  if (!hasMarkedName(existing.name, marks)) return { state: 'kept', note: 'pullpass did not create it' }
  return {
    state: 'removable',
    async remove() {
      const request = signOut(desired, existing, desired.services)
      await requestTrust(context, organizationApi(desired), request, () => undefined)
      const left = existing.services.filter((one) => !desired.services.includes(one))
      return left.length === 0 ? undefined : `it stays for the service accounts ${left.join(', ')}`
    },
  }
}
