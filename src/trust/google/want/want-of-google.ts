/** From what needs trust to what Google must know for it: pure, and refused here where it cannot be. */
import type { DocumentRegistry } from '../../../document/document.ts'
import { environmentSource } from '../../../document/document-from-environment.ts'
import { poolOf, principalOf } from '../../../document/gcp-names.ts'
import { artifactRepository } from '../../../document/gcp-rules.ts'
import type { GcpSettings } from '../../../document/gcp-settings.ts'
import { checkSubjectLength } from '../../../identity/check-subject-length.ts'
import { cloudOf } from '../../../issuer/publish/pod-identity.ts'
import { PullpassError } from '../../../outside/pullpass-error.ts'
import type { TrustNeed } from '../../trust-need.ts'
import { markOf, type TrustedCluster } from '../../trusted-cluster.ts'
import { checkNeed } from './check-need.ts'
import { describeMade } from './describe-made.ts'
import { accountsOf, grantsOf } from './grants-of.ts'
import { keysForGoogle } from './keys-for-google.ts'
import { mergeProviders } from './merge-providers.ts'
import {
  grantName,
  type WantedAccount,
  type WantedAtGoogle,
  type WantedCondition,
  type WantedGrant,
  type WantedPool,
  type WantedProvider,
} from './wanted-at-google.ts'

/** @throws DOCUMENT_INVALID, SUBJECT_TOO_LONG, ISSUER_UNUSABLE, KEYS_UNUSABLE */
export function wantOfGoogle(needs: readonly TrustNeed<'gcp'>[]): WantedAtGoogle {
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
  /** Of the account whose tokens are exchanged. */
  readonly namespace: string
  readonly pool: WantedPool
  readonly provider: WantedProvider
  readonly accounts: readonly WantedAccount[]
  readonly grants: readonly WantedGrant[]
}

function partsOf(need: TrustNeed<'gcp'>): Parts {
  const { registry, cluster, subject } = need
  const { settings } = registry
  const { name, issuer, keys } = cluster
  const repository = repositoryOf(need)
  const tooLong = checkSubjectLength({ subject }, `${need.document.kind} ${need.document.name}`)
  if (tooLong !== undefined) throw tooLong
  const pool = poolOf(settings.workloadIdentityProvider)
  const made = { mark: markOf(cluster), description: describeMade(cluster) }
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

function repositoryOf({ document, registry, repository }: TrustNeed<'gcp'>): string {
  if (repository !== undefined) return repository
  throw new PullpassError({
    code: 'DOCUMENT_INVALID',
    hop: 'document',
    seen: `${document.source}: registry ${registry.name} does not say which repository it reads`,
    ...wordsFor(document),
  })
}

/** A tenant's document has no place for it, nor have the drop-in variables. */
function wordsFor({ kind, source }: TrustNeed<'gcp'>['document']) {
  const { expected } = artifactRepository
  if (kind === 'PullSecret') return { expected: `--repository ${expected}, since a PullSecret has no gcp.trust` }
  if (source === environmentSource) return { expected: `--repository ${expected}, since no variable names it` }
  return { expected: `gcp.trust.repository: ${expected}`, hint: 'name it there, or by --repository' }
}

const providerOf = (
  { audience }: DocumentRegistry,
  { workloadIdentityProvider, trust }: GcpSettings,
  cluster: TrustedCluster,
): Omit<WantedProvider, 'mark' | 'description' | 'condition'> => ({
  name: workloadIdentityProvider,
  issuer: cluster.issuer,
  audiences: audience === undefined ? [] : [audience],
  keys: trust?.uploadKeys === 'Always' ? keysForGoogle(cluster) : undefined,
  ...(cluster.servers !== undefined && { servers: cluster.servers }),
  ...(cluster.isRevoked !== undefined && { isRevoked: cluster.isRevoked }),
})

/** The first of each name: what is made for several clusters carries the first one's mark. */
function unique<T>(all: readonly T[], name: (one: T) => string): T[] {
  const found = new Map<string, T>()
  for (const one of all) if (!found.has(name(one))) found.set(name(one), one)
  return [...found.values()]
}

/** The account of `deploy/issuer`, which publishes to Google by the registry's provider. */
const usualPublisher = 'system:serviceaccount:pullpass-system:pullpass-issuer'

function conditionOf({ registry, subject, publisher, document }: TrustNeed<'gcp'>): WantedCondition {
  const expression = registry.settings.trust?.attributeCondition
  if (expression !== undefined) return { kind: 'given', expression }
  const publishTo = document.issuer?.publishTo
  const publishes = publishTo !== undefined && cloudOf(publishTo) === 'google'
  const publishers = publisher === undefined ? (publishes ? [usualPublisher] : []) : [publisher]
  return { kind: 'subjects', subjects: [...new Set([subject, ...publishers])] }
}

/** Each pool once, with every cluster that uses it. */
function mergePools(all: readonly WantedPool[]): WantedPool[] {
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

/** One grant for all that need it, through all their providers. */
function mergeGrants(all: readonly WantedGrant[]): WantedGrant[] {
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
