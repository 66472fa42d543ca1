/** From documents and clusters to what Google must know: pure, and refused here where it cannot be. */
import type { Document, DocumentRegistry } from '../document/document.ts'
import type { GcpSettings, GcpTrust } from '../document/gcp-settings.ts'
import { requestedAccount } from '../document/requested-account.ts'
import { checkSubjectLength } from '../identity/check-subject-length.ts'
import { PullpassError } from '../outside/pullpass-error.ts'
import { checkTrust } from './check-trust.ts'
import { keysForGoogle } from './keys-for-google.ts'
import { markOf, type TrustedCluster } from './trusted-cluster.ts'
import {
  defaultAudiences,
  grantName,
  poolOf,
  type WantedAccount,
  type WantedGrant,
  type WantedPool,
  type WantedProvider,
  type WantedTrust,
} from './wanted-trust.ts'

export interface TrustAsked {
  /** Of tokens that lie in a file: `system:serviceaccount:NAMESPACE:NAME`. */
  readonly subject: string | undefined
  /** For documents that name none, as the one of the environment's variables. */
  readonly repository: string | undefined
}

interface Entry {
  readonly document: Document
  readonly registry: DocumentRegistry
  readonly settings: GcpSettings
  readonly trust: GcpTrust
  readonly subject: string
}

/** @throws DOCUMENT_INVALID, USAGE_INVALID, SUBJECT_TOO_LONG, ISSUER_UNUSABLE, KEYS_UNUSABLE */
export function planTrust(
  documents: readonly Document[],
  clusters: readonly TrustedCluster[],
  asked: TrustAsked,
): WantedTrust {
  const entries = documents.flatMap((document) =>
    document.registries.map((registry) => entryOf(document, registry, asked)),
  )
  checkSubjectUsed(documents, asked)
  const parts = clusters.flatMap((cluster) => entries.map((entry) => partsOf(entry, cluster)))
  return {
    pools: unique(
      parts,
      ({ pool }) => [pool],
      ({ name }) => name,
    ),
    providers: mergeProviders(parts.map(({ provider }) => provider)),
    accounts: unique(
      parts,
      ({ accounts }) => accounts,
      ({ email }) => email,
    ),
    grants: unique(parts, ({ grants }) => grants, grantName),
    recordedIn: recordedIn(parts),
  }
}

/** The same registry as one cluster's: with the provider that is this cluster's own. */
export function settingsOf(settings: GcpSettings, { providerId }: Pick<TrustedCluster, 'providerId'>): GcpSettings {
  if (providerId === undefined) return settings
  const pool = poolOf(settings.workloadIdentityProvider)
  return { ...settings, workloadIdentityProvider: `${pool}/providers/${providerId}` }
}

/** Whose tokens a registry takes. @throws USAGE_INVALID where only the token file knows */
function subjectOf(document: Document, registry: DocumentRegistry, asked: Pick<TrustAsked, 'subject'>): string {
  const account = requestedAccount(document, registry)
  if (account !== undefined) return `system:serviceaccount:${account.namespace}:${account.name}`
  if (asked.subject !== undefined) return asked.subject
  throw new PullpassError({
    code: 'USAGE_INVALID',
    hop: 'run',
    seen: `${document.source}: registry ${registry.name} takes the token of a file, and whose that is stands nowhere`,
    expected: 'its subject: --subject system:serviceaccount:NAMESPACE:NAME',
    hint: 'or name the account in the document: spec.serviceAccountRef',
  })
}

function entryOf(document: Document, registry: DocumentRegistry, asked: TrustAsked): Entry {
  const { settings } = registry
  const repository = settings.trust?.repository ?? asked.repository
  if (repository === undefined) throw noRepository(document, registry)
  const subject = subjectOf(document, registry, asked)
  const fault = checkSubjectLength({ subject }, `${document.kind} ${document.name}`)
  if (fault !== undefined) throw fault
  return { document, registry, settings, subject, trust: { ...settings.trust, repository } }
}

const noRepository = ({ source }: Document, { name }: DocumentRegistry) =>
  new PullpassError({
    code: 'DOCUMENT_INVALID',
    hop: 'document',
    seen: `${source}: registry ${name} does not say which repository it reads`,
    expected: 'gcp.trust.repository: projects/PROJECT/locations/LOCATION/repositories/REPOSITORY',
    hint: 'name it there, or by --repository',
  })

/** A flag that changes nothing is a mistake. */
function checkSubjectUsed(documents: readonly Document[], { subject }: TrustAsked): void {
  const used = documents.some((document) =>
    document.registries.some((registry) => requestedAccount(document, registry) === undefined),
  )
  if (subject === undefined || used) return
  throw new PullpassError({
    code: 'USAGE_INVALID',
    hop: 'run',
    seen: `--subject ${subject} stands beside documents that all name their account`,
    expected: 'it for documents that read a token file, and no others',
  })
}

interface Parts {
  /** Of the account whose tokens are exchanged. */
  readonly namespace: string
  readonly pool: WantedPool
  readonly provider: WantedProvider
  readonly accounts: readonly WantedAccount[]
  readonly grants: readonly WantedGrant[]
}

function partsOf({ document, registry, settings, trust, subject }: Entry, cluster: TrustedCluster): Parts {
  const name = settingsOf(settings, cluster).workloadIdentityProvider
  const pool = poolOf(name)
  const made = { mark: markOf(cluster), description: describe(cluster) }
  const provider: WantedProvider = {
    ...made,
    name,
    issuer: cluster.issuer,
    audiences: registry.audience === undefined ? [] : [registry.audience],
    condition: trust.attributeCondition,
    keys: trust.uploadKeys === 'Always' ? keysForGoogle(cluster) : undefined,
  }
  checkTrust({ document, settings, provider, cluster })
  const principal = `principal://iam.googleapis.com/${pool}/subject/${subject}`
  return {
    namespace: subject.split(':')[2] ?? '',
    pool: { ...made, name: pool },
    provider,
    accounts: chainOf(settings).map((email) => ({ ...made, email })),
    grants: grantsOf(settings, trust, principal),
  }
}

/** With delegates the principal acts as the first, and each as the next. */
const chainOf = ({ delegates = [], serviceAccountEmail }: GcpSettings): string[] =>
  serviceAccountEmail === undefined ? [] : [...delegates, serviceAccountEmail]

function grantsOf(settings: GcpSettings, { repository }: GcpTrust, principal: string): WantedGrant[] {
  const acting = chainOf(settings).map((email, index, chain): WantedGrant => {
    const before = chain[index - 1]
    const on = { kind: 'serviceAccount', email } as const
    return before === undefined
      ? { on, role: 'roles/iam.workloadIdentityUser', member: principal }
      : { on, role: 'roles/iam.serviceAccountTokenCreator', member: `serviceAccount:${before}` }
  })
  const { serviceAccountEmail: reader } = settings
  const reading: WantedGrant = {
    on: { kind: 'repository', name: repository },
    role: 'roles/artifactregistry.reader',
    member: reader === undefined ? principal : `serviceAccount:${reader}`,
  }
  return [...acting, reading]
}

const longestDescription = 256

const describe = (cluster: TrustedCluster) =>
  `${markOf(cluster)} pulls images for the cluster of ${cluster.issuer}`.slice(0, longestDescription)

/** The first of each name: what is made for several clusters carries the first one's mark. */
function unique<T>(parts: readonly Parts[], of: (part: Parts) => readonly T[], name: (one: T) => string): T[] {
  const found = new Map<string, T>()
  for (const one of parts.flatMap(of)) if (!found.has(name(one))) found.set(name(one), one)
  return [...found.values()]
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

/** Registries that share a provider must agree on it, but for audiences, which add up. @throws DOCUMENT_INVALID */
function mergeProviders(all: readonly WantedProvider[]): WantedProvider[] {
  const merged = new Map<string, WantedProvider>()
  for (const provider of all) {
    const first = merged.get(provider.name)
    if (first !== undefined) checkAgreement(first, provider)
    merged.set(provider.name, { ...provider, audiences: audiencesOf(all, provider.name) })
  }
  return [...merged.values()]
}

/** Empty where the default is all that is asked for. */
function audiencesOf(all: readonly WantedProvider[], name: string): readonly string[] {
  const [usual] = defaultAudiences(name)
  const asked = all
    .filter((one) => one.name === name)
    .flatMap(({ audiences }) => (audiences.length > 0 ? audiences : [usual]))
  const distinct = [...new Set(asked)]
  return distinct.every((one) => one === usual) ? [] : distinct
}

function checkAgreement(one: WantedProvider, other: WantedProvider): void {
  const differs =
    one.issuer !== other.issuer
      ? `the issuers ${one.issuer} and ${other.issuer}: two clusters`
      : one.condition !== other.condition
        ? 'two attribute conditions'
        : (one.keys === undefined) !== (other.keys === undefined)
          ? 'uploadKeys both Always and Never'
          : undefined
  if (differs === undefined) return
  throw new PullpassError({
    code: 'DOCUMENT_INVALID',
    hop: 'document',
    seen: `${one.name} is asked for with ${differs}`,
    expected: 'one and the same wherever a document names this provider',
  })
}
