/**
 * The service account that a document names, and what signs in as it. It is created with a description that carries the mark; the
 * response also contains an API key, a password that does not expire, which is not read.
 * https://docs.cloudsmith.com/accounts-and-teams/service-accounts
 * https://github.com/cloudsmith-io/cloudsmith-api-go: docs/Service.md, docs/OrgsApi.md
 */
import type { PullpassError } from '../../../errors/pullpass-error.ts'
import type { Context } from '../../../http/context.ts'
import { asObject } from '../../../text/json-fields.ts'
import { type Accepted, type RemovalPlan, type RemovalScope, trustRefused } from '../../trust/contract.ts'
import { type OtherToken, sharingOf, whyFormer } from '../../trust/findings.ts'
import type { VendorChange, VendorFinding } from '../../trust/marked-resource.ts'
import { describeOwner, hasMarkedName, isMarked, markOf } from '../../trust/marks.ts'
import { changeByRequest, curlWords, requestTrust, type TokenRequest } from '../../trust/token-api.ts'
import { type DesiredService, providerResourceName, serviceName } from './desired.ts'
import {
  describeClaims,
  type FoundProvider,
  type FoundService,
  isExact,
  isIssuer,
  nameOf,
  providerIn,
  type ServiceLookup,
  signInsAs,
} from './found.ts'
import { changeOfProvider, signOut } from './provider.ts'
import { organizationApi, servicesPath, slugIn } from './requests.ts'
import { serviceHcl } from './terraform.ts'

const marksOf = ({ clusters }: DesiredService) => clusters.map((cluster) => markOf(cluster))

interface ServiceFacts extends ServiceLookup {
  readonly providers: readonly FoundProvider[]
}

export function evaluateService(
  desired: DesiredService,
  { service, otherwise, providers }: ServiceFacts,
  { replace, sharing }: Accepted,
  context: Context,
): VendorFinding {
  if (service === undefined) return evaluateAbsent(desired, { otherwise, providers }, sharing, context)
  const { notes, clusters, former } = signInsOf(desired, providers)
  const shared = sharingOf({ name: serviceName(desired), clusters: desired.clusters }, clusters, sharing)
  const removed = replace.includes('subjects') ? former : []
  const found: VendorFinding = {
    presence: 'present',
    verdict: 'ok',
    hcl: serviceHcl(desired, service),
    ...shared,
    notes: [
      ...ownerNotes(desired, service),
      ...teamNotes(service),
      ...(shared.notes ?? []),
      ...notes,
      ...(removed.length > 0 ? [] : formerNotes(desired, former)),
    ],
    kept: former.length > 0 && removed.length === 0 ? ['subjects'] : [],
  }
  if (shared.fault !== undefined) return found
  const isManager = service.role === 'Manager'
  if (isManager && !replace.includes('role')) {
    return { ...found, verdict: 'refused', fault: managerRefused(desired), override: { replace: ['role'] } }
  }
  const changes = [
    ...(isManager ? [roleChange(desired, context)] : []),
    ...removed.map((one) => removalChange(desired, one, context)),
  ]
  return changes.length === 0
    ? found
    : { ...found, verdict: 'update', changes, hcl: serviceHcl(desired, { ...service, role: 'Member' }) }
}

function evaluateAbsent(
  desired: DesiredService,
  { otherwise, providers }: Omit<ServiceFacts, 'service'>,
  sharing: Accepted['sharing'],
  context: Context,
): VendorFinding {
  const shared = sharingOf({ name: serviceName(desired), clusters: desired.clusters }, [], sharing)
  const fault = whyNotCreated(desired, otherwise) ?? shared.fault
  const signedIn = signedInInstead(desired, providers)
  const slug = otherwise?.slug ?? signedIn?.slug
  const absent = {
    presence: 'absent',
    ...shared,
    ...(slug !== undefined && { instead: serviceName({ ...desired, slug }) }),
    notes: [...(shared.notes ?? []), ...(signedIn === undefined ? [] : [signedIn.note])],
  } as const
  if (fault === undefined) return { ...absent, verdict: 'create', changes: [createChange(desired, context)] }
  return { ...absent, verdict: 'refused', fault }
}

/** The service account that the documents may mean: their tokens sign in as it already. */
function signedInInstead(
  { providers }: DesiredService,
  found: readonly FoundProvider[],
): { readonly slug: string; readonly note: string } | undefined {
  for (const desired of providers) {
    const existing = providerIn(found, desired)
    const slug = existing?.services.find((one) => !desired.services.includes(one))
    if (existing === undefined || slug === undefined) continue
    const note = `provider ${nameOf(existing)} signs in the tokens of the documents as ${slug}: if that service account is meant, set cloudsmith.service to it`
    return { slug, note }
  }
  return undefined
}

// What signs in as it.

interface SignIns {
  readonly notes: readonly string[]
  /** Of clusters that are none of this run. */
  readonly clusters: readonly OtherToken[]
  /** Providers that pullpass created for clusters of this run, and that these documents do not use. */
  readonly former: readonly FoundProvider[]
}

function signInsOf(desired: DesiredService, providers: readonly FoundProvider[]): SignIns {
  const { slug, clusters } = desired
  const others = providers.filter((one) => one.state === 'enabled' && !isDesired(desired, one))
  const isOwn = ({ name, providerUrl }: FoundProvider) =>
    clusters.some((cluster) => hasMarkedName(name, [markOf(cluster)]) && isIssuer(providerUrl, cluster.issuer))
  const former = others.filter((one) => isOwn(one) && one.mapping === undefined && one.services.includes(slug))
  const rest = others
    .filter((one) => !former.includes(one))
    .flatMap((one) => signInsAs(one, slug).map((claims) => ({ ...one, claims })))
  const isOfCluster = ({ claims, providerUrl }: FoundProvider) =>
    claims['sub']?.startsWith('system:serviceaccount:') === true &&
    !clusters.some(({ issuer }) => isIssuer(providerUrl, issuer))
  return {
    former,
    clusters: rest
      .filter(isOfCluster)
      .map(({ claims, providerUrl }) => ({ issuer: providerUrl, subject: claims['sub'] ?? '' })),
    notes: rest
      .filter((one) => !isOfCluster(one))
      .map(
        (one) =>
          `tokens of ${one.providerUrl} with ${describeClaims(one.claims)} also sign in as it, by provider ${nameOf(one)}`,
      ),
  }
}

/** Also one of another owner, for exactly the same tokens. */
export const isDesired = ({ providers }: DesiredService, found: FoundProvider): boolean =>
  found.mapping === undefined &&
  providers.some(
    (one) => one.name === found.name || (isIssuer(found.providerUrl, one.issuer) && isExact(found.claims, one)),
  )

/** Other sign-ins than those of the documents and of the providers that are removed. */
export const otherSignIns = (
  desired: DesiredService,
  providers: readonly FoundProvider[],
  removed: (provider: FoundProvider) => boolean,
): string[] => providers.filter((one) => !removed(one) && signInsAs(one, desired.slug).length > 0).map(nameOf)

/** Its privileges on other repositories are not read. */
const ownerNotes = (desired: DesiredService, { description }: FoundService) =>
  isMarked(description, marksOf(desired))
    ? []
    : [`${describeOwner(description)}: the subjects of the documents get all privileges that it has`]

const teamNotes = ({ teams }: FoundService) =>
  teams.length === 0 ? [] : [`it has the privileges of the teams ${teams.map(({ slug }) => slug).join(', ')}`]

function formerNotes({ subjectsFrom }: DesiredService, former: readonly FoundProvider[]): string[] {
  const why = whyFormer(subjectsFrom)
  return former.map(
    ({ name, claims }) => `tokens with ${describeClaims(claims)} still sign in as it, by provider ${name}, ${why}`,
  )
}

function removalChange({ slug, ...at }: DesiredService, provider: FoundProvider, context: Context): VendorChange {
  const description = `remove ${slug} from provider ${provider.name}: tokens with ${describeClaims(provider.claims)} no longer sign in as it`
  const change = { action: 'delete', description } as const
  return changeOfProvider(at, provider, { change, request: signOut(at, provider, [slug]) }, context)
}

// The service account itself.

/** Longer slugs are truncated. */
const longestSlug = 30

function whyNotCreated(desired: DesiredService, otherwise: FoundService | undefined): PullpassError | undefined {
  const name = serviceName(desired)
  if (otherwise !== undefined) return otherSlug(desired, otherwise.slug)
  if (desired.slug.length <= longestSlug) return undefined
  return trustRefused(`service account ${name} does not exist, and its slug has ${desired.slug.length} characters`, {
    expected: `an existing one, or at most ${longestSlug} characters: Cloudsmith truncates the slug of a new one`,
    hint: 'correct cloudsmith.service',
  })
}

const otherSlug = ({ slug, organization }: DesiredService, given: string) =>
  trustRefused(`Cloudsmith gave service account ${slug} of ${organization} the slug ${given}`, {
    expected: `the slug ${slug}, which the document names: Cloudsmith appends random characters to one that is not unique`,
    hint: `set cloudsmith.service to ${given}, and run the command again`,
  })

/** Not repeated: each request would create another one, with a slug of its own. */
function createChange(desired: DesiredService, context: Context): VendorChange {
  const { slug, description } = desired
  const [at, json] = [organizationApi(desired), { name: slug, description, role: 'Member' }]
  const request: TokenRequest = {
    method: 'POST',
    path: servicesPath(desired),
    json,
    statuses: [200, 201],
    repeat: 'never',
  }
  return {
    action: 'create',
    description: `create service account ${serviceName(desired)}, for which Cloudsmith also creates an API key that pullpass does not read`,
    words: curlWords(at, request),
    async apply() {
      const given = await requestTrust(context, at, request, (body) =>
        slugIn(asObject(body)?.['slug'], 'a service account'),
      )
      if (given !== slug) throw otherSlug(desired, given)
    },
  }
}

const managerRefused = (desired: DesiredService) =>
  trustRefused(`service account ${serviceName(desired)} has the role Manager`, {
    expected: `the role Member: a manager may change ${desired.organization}, and the cluster could too`,
    hint: 'name another one in cloudsmith.service; or make it a member: --replace role',
  })

function roleChange(desired: DesiredService, context: Context): VendorChange {
  const path = `${servicesPath(desired)}${desired.slug}/`
  const description = `update service account ${serviceName(desired)}: role Member instead of Manager`
  const change = { action: 'update', fields: ['role'], description } as const
  return changeByRequest(context, organizationApi(desired), change, { method: 'PATCH', path, json: { role: 'Member' } })
}

/**
 * Removable if pullpass created it for one of these clusters, and nothing else signs in as it; also one to which Cloudsmith gave another
 * slug. `removed`: names of resources.
 */
export function planServiceRemoval(
  desired: DesiredService,
  { service, otherwise, providers }: ServiceFacts,
  { marks, removed }: RemovalScope,
  context: Context,
): RemovalPlan {
  const found = service ?? otherwise
  if (found === undefined) return { state: 'absent' }
  if (!isMarked(found.description, marks)) return { state: 'kept', note: describeOwner(found.description) }
  const { slug } = found
  const isRemoved = ({ name }: FoundProvider) => removed.includes(providerResourceName({ ...desired, name }))
  const others = otherSignIns({ ...desired, slug }, providers, isRemoved)
  if (others.length > 0) return { state: 'kept', note: `provider ${others.join(' and ')} still signs in as it` }
  return {
    state: 'removable',
    async remove() {
      const request = { method: 'DELETE', path: `${servicesPath(desired)}${slug}/`, statuses: [204] } as const
      await requestTrust(context, organizationApi(desired), request, () => undefined)
      return slug === desired.slug ? undefined : `its slug was ${slug}`
    },
  }
}
