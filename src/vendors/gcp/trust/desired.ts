/** The resources at Google that trust requires. Pure; invalid requirements are refused. */
import type { Document, DocumentRegistry } from '../../../document/document.ts'
import { PullpassError } from '../../../errors/pullpass-error.ts'
import { subjectOf } from '../../../identity/service-account.ts'
import { checkIssuerUrl } from '../../../oidc/issuer-url.ts'
import { type IssuerKey, whyUnusable } from '../../../oidc/keys.ts'
import type { TrustedCluster, TrustNeed } from '../../trust/contract.ts'
import { markOf } from '../../trust/marks.ts'
import { repositoryMissing } from '../../trust/needs.ts'
import { accountParts, artifactRepository, checkSubjectLength, poolOf, principalOf } from '../names.ts'
import type { GcpSettings } from '../settings.ts'
import { whyNotKept } from '../stores/gcp-provider.ts'
import {
  type DesiredAccount,
  type DesiredCondition,
  type DesiredGrant,
  type DesiredPool,
  type DesiredProvider,
  type DesiredState,
  defaultAudiences,
  describeResource,
  grantName,
} from './desired-state.ts'
import { longestCondition, subjectCondition } from './subject-condition.ts'

/** @throws DOCUMENT_INVALID, SUBJECT_TOO_LONG, ISSUER_UNUSABLE, KEYS_UNUSABLE */
export function desiredState(needs: readonly TrustNeed<GcpSettings>[]): DesiredState {
  const parts = needs.map(partsOf)
  return {
    pools: mergePools(parts.map(({ pool }) => pool)),
    providers: mergeProviders(parts.map(({ provider }) => provider)),
    accounts: unique(
      parts.flatMap(({ accounts }) => accounts),
      ({ email }) => email,
    ),
    grants: mergeGrants(parts.flatMap(({ grants }) => grants)),
    recordedIn: recordedIn(parts),
  }
}

interface Parts {
  /** Namespace of the account whose tokens are exchanged. */
  readonly namespace: string
  readonly pool: DesiredPool
  readonly provider: DesiredProvider
  readonly accounts: readonly DesiredAccount[]
  readonly grants: readonly DesiredGrant[]
}

function partsOf(need: TrustNeed<GcpSettings>): Parts {
  const { registry, cluster, subject } = need
  const { settings } = registry
  const { name, issuer, keys } = cluster
  const repository = repositoryOf(need)
  const tooLong = checkSubjectLength(subject, `${need.document.kind} ${need.document.name}`)
  if (tooLong !== undefined) throw tooLong
  const pool = poolOf(settings.workloadIdentityProvider)
  const made = { mark: markOf(cluster), description: describeResource(cluster) }
  const provider = { ...made, ...providerOf(registry, settings, cluster), condition: conditionOf(need) }
  checkNeed({ document: need.document, settings, provider, cluster })
  const principal = principalOf(settings.workloadIdentityProvider, subject)
  return {
    namespace: subject.split(':')[2] ?? '',
    pool: {
      ...made,
      name: pool,
      clusters: [{ name, issuer, keys, providers: [provider.name], subjects: [subject] }],
    },
    provider,
    accounts: accountsOf(settings).map((email) => ({ ...made, email })),
    grants: grantsOf(settings, repository, principal),
  }
}

function repositoryOf(need: TrustNeed<GcpSettings>): string {
  if (need.repository !== undefined) return need.repository
  const { expected } = artifactRepository
  throw repositoryMissing(need, { missing: 'has no repository', field: 'repository', expected })
}

const providerOf = (
  { audience }: Pick<DocumentRegistry, 'audience'>,
  { workloadIdentityProvider, trust }: GcpSettings,
  cluster: TrustedCluster,
): Omit<DesiredProvider, 'mark' | 'description' | 'condition'> => ({
  name: workloadIdentityProvider,
  issuer: cluster.issuer,
  audiences: audience === undefined ? [] : [audience],
  keys: trust?.uploadKeys === 'Always' ? keysForGoogle(cluster) : undefined,
  ...(cluster.servers !== undefined && { servers: cluster.servers }),
  ...(cluster.isRevoked !== undefined && { isRevoked: cluster.isRevoked }),
})

/** The first of each name: a resource of several clusters carries the mark of the first one. */
function unique<T>(all: readonly T[], name: (one: T) => string): T[] {
  const found = new Map<string, T>()
  for (const one of all) if (!found.has(name(one))) found.set(name(one), one)
  return [...found.values()]
}

/** The account of `deploy/issuer`, which publishes to Google by the registry's provider. */
const usualPublisher = subjectOf({ namespace: 'pullpass-system', name: 'pullpass-issuer' })

function conditionOf({ registry, subject, publisher, publishesHere }: TrustNeed<GcpSettings>): DesiredCondition {
  const expression = registry.settings.trust?.attributeCondition
  if (expression !== undefined) return { kind: 'given', expression }
  const publishers = publisher === undefined ? (publishesHere ? [usualPublisher] : []) : [publisher]
  return { kind: 'subjects', subjects: [...new Set([subject, ...publishers])] }
}

/** Each pool once, with every cluster that uses it. */
function mergePools(all: readonly DesiredPool[]): DesiredPool[] {
  return [...Map.groupBy(all, ({ name }) => name).values()].flatMap((same) => {
    const byCluster = Map.groupBy(
      same.flatMap(({ clusters }) => clusters),
      ({ name }) => name,
    )
    const clusters = [...byCluster.values()].flatMap((parts) =>
      parts.slice(0, 1).map((first) => ({
        ...first,
        providers: [...new Set(parts.flatMap(({ providers }) => providers))],
        subjects: [...new Set(parts.flatMap(({ subjects }) => subjects))],
      })),
    )
    return same.slice(0, 1).map((first) => ({ ...first, clusters }))
  })
}

/** Each grant once, with the providers of all that need it. */
function mergeGrants(all: readonly DesiredGrant[]): DesiredGrant[] {
  return [...Map.groupBy(all, grantName).values()].flatMap((same) =>
    same.slice(0, 1).map((first) => ({ ...first, providers: [...new Set(same.flatMap((one) => one.providers))] })),
  )
}

function recordedIn(parts: readonly Parts[]): Map<string, string[]> {
  const namespaces = new Map<string, string[]>()
  for (const { namespace, grants } of parts) {
    for (const name of grants.map(grantName)) {
      namespaces.set(name, [...new Set([...(namespaces.get(name) ?? []), namespace])])
    }
  }
  return namespaces
}

/** Set-ups that cannot work, found before any request is sent. */
interface Checked {
  readonly document: Document
  readonly settings: GcpSettings
  readonly provider: DesiredProvider
  readonly cluster: TrustedCluster
}

/** @throws DOCUMENT_INVALID, ISSUER_UNUSABLE */
function checkNeed({ document, settings, provider, cluster }: Checked): void {
  const refuse = (seen: string, expected: string) => {
    throw new PullpassError({
      code: 'DOCUMENT_INVALID',
      hop: 'document',
      seen: `${document.source}: ${seen}`,
      expected,
    })
  }
  if (settings.universeDomain !== undefined && settings.universeDomain !== 'googleapis.com') {
    refuse(
      `its registry is in the universe ${settings.universeDomain}`,
      'googleapis.com, the only universe that pullpass trust supports',
    )
  }
  for (const name of [poolOf(provider.name), provider.name]) {
    const id = name.slice(name.lastIndexOf('/') + 1)
    if (id.startsWith('gcp-'))
      refuse(`${name} has an id that begins with gcp-`, 'another ID: Google reserves this prefix')
  }
  for (const email of accountsOf(settings)) {
    if (email.endsWith('.iam.gserviceaccount.com') && accountParts(email) === undefined)
      refuse(`service account ${email} has an ID that Google does not accept`, creatableForm)
  }
  const fault = checkIssuerUrl(provider.issuer, `the issuer of cluster ${cluster.name}`)
  if (fault === undefined) return
  if (!isHttps(provider.issuer)) throw fault
  if (provider.keys === undefined) throw orUploaded(fault)
}

const creatableForm = 'NAME@PROJECT.iam.gserviceaccount.com, NAME of 6 to 30 lower-case letters, digits and "-"'

const orUploaded = (fault: PullpassError) =>
  new PullpassError({
    code: fault.code,
    hop: fault.hop,
    seen: fault.seen,
    expected: fault.expected,
    hint: `${fault.hint ?? ''}; or upload the keys to Google, which then does not read the issuer: trust.uploadKeys: Always`,
  })

/** With uploaded keys Google only compares the issuer, and does not read it. It is printed in commands unchanged. */
const isHttps = (issuer: string) => URL.parse(issuer)?.protocol === 'https:' && !/[?#]|[^\x21-\x7e]/.test(issuer)

/** The accounts between the principal and the repository. */
type Chain = Pick<GcpSettings, 'delegates' | 'serviceAccountEmail'>

/** With delegates, the principal impersonates the first, and each impersonates the next; none in direct federation. */
const accountsOf = ({ delegates = [], serviceAccountEmail }: Chain): string[] =>
  serviceAccountEmail === undefined ? [] : [...delegates, serviceAccountEmail]

function grantsOf(
  settings: Chain & Pick<GcpSettings, 'workloadIdentityProvider'>,
  repository: string,
  principal: string,
): DesiredGrant[] {
  const providers = [settings.workloadIdentityProvider]
  const acting = accountsOf(settings).map((email, index, chain): DesiredGrant => {
    const before = chain[index - 1]
    const on = { kind: 'serviceAccount', email } as const
    return before === undefined
      ? { on, role: 'roles/iam.workloadIdentityUser', member: principal, providers }
      : { on, role: 'roles/iam.serviceAccountTokenCreator', member: `serviceAccount:${before}`, providers }
  })
  const { serviceAccountEmail: reader } = settings
  const reading: DesiredGrant = {
    on: { kind: 'repository', name: repository },
    role: 'roles/artifactregistry.reader',
    member: reader === undefined ? principal : `serviceAccount:${reader}`,
    providers,
  }
  return [...acting, reading]
}

/** The keys of a cluster that can be uploaded to a provider. @throws KEYS_UNUSABLE if there is none, USAGE_INVALID if they were not read */
function keysForGoogle({ keys, name }: TrustedCluster): readonly IssuerKey[] {
  if (keys === undefined) throw keysUnknown(name)
  const usable = keys.filter((key) => whyUnusable(key) === undefined && whyNotKept(key) === undefined)
  if (usable.length > 0) return usable
  throw new PullpassError({
    code: 'KEYS_UNUSABLE',
    hop: 'trust',
    seen: `cluster ${name} serves ${keys.length} keys, and Google accepts none of them`,
    expected: 'an RSA key of 2048 bits or more, or a key on P-256, with a kid',
    hint: 'to show the problem of each key',
    command: 'pullpass issuer show',
  })
}

const keysUnknown = (issuer: string) =>
  new PullpassError({
    code: 'USAGE_INVALID',
    hop: 'run',
    seen: `the keys of ${issuer} are to be uploaded, and --issuer gives none`,
    expected: 'a cluster that serves them',
    hint: 'leave --issuer out, or set trust.uploadKeys: Never',
  })

// Registries that share a provider must specify it equally, except for audiences and accepted subjects, which are merged.

/** @throws DOCUMENT_INVALID */
function mergeProviders(all: readonly DesiredProvider[]): DesiredProvider[] {
  return [...Map.groupBy(all, ({ name }) => name).values()].flatMap((same) =>
    same.slice(0, 1).map((first) => {
      for (const other of same) checkAgreement(first, other)
      return { ...first, condition: mergeConditions(same), audiences: audiencesOf(same, first.name) }
    }),
  )
}

/** Empty if only the default is needed. */
function audiencesOf(same: readonly DesiredProvider[], name: string): readonly string[] {
  const [usual] = defaultAudiences(name)
  const required = same.flatMap(({ audiences }) => (audiences.length > 0 ? audiences : [usual]))
  const distinct = [...new Set(required)]
  return distinct.every((one) => one === usual) ? [] : distinct
}

/** All specify the same expression, or none. @throws DOCUMENT_INVALID if the list of subjects is too long */
function mergeConditions(same: readonly DesiredProvider[]): DesiredCondition {
  const subjects = new Set<string>()
  for (const { condition } of same) {
    if (condition.kind === 'given') return condition
    for (const subject of condition.subjects) subjects.add(subject)
  }
  if (subjectCondition([...subjects]).length <= longestCondition) return { kind: 'subjects', subjects: [...subjects] }
  throw new PullpassError({
    code: 'DOCUMENT_INVALID',
    hop: 'document',
    seen: `the documents exchange tokens of ${subjects.size} service accounts at ${same[0]?.name}: their names exceed the ${longestCondition} characters of an attribute condition`,
    expected: "gcp.trust.attributeCondition, such as assertion.sub.startsWith('system:serviceaccount:image-system:')",
  })
}

const sameCondition = (one: DesiredCondition, other: DesiredCondition) =>
  one.kind === 'subjects' ? other.kind === 'subjects' : other.kind === 'given' && one.expression === other.expression

function checkAgreement(one: DesiredProvider, other: DesiredProvider): void {
  const differs =
    one.issuer !== other.issuer
      ? `the issuers ${one.issuer} and ${other.issuer}: two clusters`
      : !sameCondition(one.condition, other.condition)
        ? 'two attribute conditions'
        : (one.keys === undefined) !== (other.keys === undefined)
          ? 'uploadKeys both Always and Never'
          : undefined
  if (differs === undefined) return
  throw new PullpassError({
    code: 'DOCUMENT_INVALID',
    hop: 'document',
    seen: `${one.name} is specified with ${differs}`,
    expected: 'the same in each document that names this provider',
  })
}
