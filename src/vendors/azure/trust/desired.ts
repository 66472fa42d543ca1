/**
 * The desired Azure resources of documents: the identities that they name, a federated credential for each subject, and a role to
 * pull on each registry. Pure.
 */
import { PullpassError } from '../../../errors/pullpass-error.ts'
import { type SubjectsFrom, subjectsFrom, type TrustedCluster, type TrustNeed } from '../../trust/contract.ts'
import { describeMarked, markedName, markOf } from '../../trust/marks.ts'
import { checkPublicIssuers, documentInvalid, repositoryMissing } from '../../trust/needs.ts'
import { clouds, registryId, repositoryName } from '../names.ts'
import type { AzureSettings } from '../settings.ts'

export interface DesiredIdentity extends Pick<AzureSettings, 'cloud' | 'tenantId' | 'clientId'> {
  /** `applications/CLIENT_ID`, or the resource id of a managed identity. */
  readonly name: string
  readonly kind: 'application' | 'managed identity'
  /** The clusters whose tokens sign it in. */
  readonly clusters: readonly Pick<TrustedCluster, 'name' | 'issuer'>[]
  /** Names of its credentials for these clusters. */
  readonly credentials: readonly string[]
}

export interface DesiredCredential {
  readonly identity: DesiredIdentity
  /** Contains the mark of the cluster: the credential of a managed identity has no description. */
  readonly name: string
  readonly issuer: string
  readonly subject: string
  readonly audience: string
  /** All subjects of the cluster that sign the identity in, in order. */
  readonly subjects: readonly string[]
  readonly subjectsFrom: SubjectsFrom
  /** Of a credential of an application. */
  readonly description: string
}

export interface DesiredRole {
  readonly identity: DesiredIdentity
  /** Resource id. */
  readonly registryId: string
  readonly loginServer: string
  /** In order, without regard to case; undefined: all. */
  readonly repositories: readonly string[] | undefined
  readonly description: string
}

export interface DesiredState {
  readonly identities: readonly DesiredIdentity[]
  readonly credentials: readonly DesiredCredential[]
  readonly roles: readonly DesiredRole[]
}

/** @throws DOCUMENT_INVALID, ISSUER_UNUSABLE */
export function desiredState(needs: readonly TrustNeed<AzureSettings>[]): DesiredState {
  checkPublicIssuers(needs, 'Azure')
  const identities = mergeIdentities(needs.map(identityOf))
  const named = (name: string) => identities.find((one) => one.name === name) ?? missingIdentity(name)
  const parts = needs.map((need) => {
    const identity = named(identityName(need.registry.settings))
    return { credential: credentialOf(need, identity), role: roleOf(need, identity) }
  })
  return {
    identities,
    credentials: withSubjects(mergeCredentials(parts.map(({ credential }) => credential))),
    roles: mergeRoles(parts.map(({ role }) => role)),
  }
}

const missingIdentity = (name: string): never => {
  throw new TypeError(`no identity ${name}`)
}

const identityName = ({ clientId, trust }: AzureSettings) => trust?.managedIdentityId ?? `applications/${clientId}`

function identityOf(need: TrustNeed<AzureSettings>): DesiredIdentity {
  const {
    registry: { settings },
    cluster,
  } = need
  const { cloud, tenantId, clientId, trust } = settings
  return {
    name: identityName(settings),
    kind: trust?.managedIdentityId === undefined ? 'application' : 'managed identity',
    cloud,
    tenantId,
    clientId,
    clusters: [{ name: cluster.name, issuer: cluster.issuer }],
    credentials: [credentialName(need)],
  }
}

/** @throws DOCUMENT_INVALID if documents name one managed identity with two client ids */
function mergeIdentities(all: readonly DesiredIdentity[]): DesiredIdentity[] {
  return [...Map.groupBy(all, ({ name }) => name).values()].flatMap((same) =>
    same.slice(0, 1).map((first) => {
      const other = same.find(({ clientId }) => clientId !== first.clientId)
      if (other !== undefined) throw twoClientIds(first, other)
      const clusters = new Map(same.flatMap((one) => one.clusters.map((cluster) => [cluster.issuer, cluster])))
      const credentials = new Set(same.flatMap((one) => one.credentials))
      return { ...first, clusters: [...clusters.values()], credentials: [...credentials] }
    }),
  )
}

const twoClientIds = ({ name, clientId }: DesiredIdentity, other: DesiredIdentity) =>
  new PullpassError({
    code: 'DOCUMENT_INVALID',
    hop: 'document',
    seen: `documents name ${name} with the client ids ${clientId} and ${other.clientId}`,
    expected: 'the client id of the managed identity: az identity show --query clientId',
  })

const credentialName = ({ cluster, subject }: TrustNeed<AzureSettings>) => markedName(markOf(cluster), subject, 16)

const longestName = 600

/** @throws ISSUER_UNUSABLE */
function credentialOf(need: TrustNeed<AzureSettings>, identity: DesiredIdentity): DesiredCredential {
  const { registry, cluster, subject } = need
  const { issuer } = cluster
  const tooLong = [issuer, subject].find((text) => text.length > longestName)
  if (tooLong !== undefined) throw tooLongForAzure(tooLong)
  return {
    identity,
    name: credentialName(need),
    issuer,
    subject,
    subjects: [subject],
    subjectsFrom: subjectsFrom([need]),
    audience: registry.audience ?? clouds[registry.settings.cloud].audience,
    description: describe(cluster),
  }
}

const tooLongForAzure = (text: string) =>
  new PullpassError({
    code: 'ISSUER_UNUSABLE',
    hop: 'trust',
    seen: `an issuer or subject has ${text.length} characters`,
    expected: `at most ${longestName}, the limit of a federated credential`,
    hint: 'use a shorter issuer URL, or a service account and namespace with shorter names',
  })

const describe = ({ issuer }: Pick<TrustedCluster, 'issuer'>) => describeMarked([issuer], 512)

/** The mark in the name of a credential; undefined for other names. */
export function markInName(name: string): string | undefined {
  const [, digits] = /^pullpass-([0-9a-f]{12})-[0-9a-f]{16}$/.exec(name) ?? []
  return digits === undefined ? undefined : `pullpass:${digits}`
}

function withSubjects(all: readonly DesiredCredential[]): DesiredCredential[] {
  const key = ({ identity, issuer }: DesiredCredential) => `${identity.name} ${issuer}`
  return all.map((one) => {
    const same = all.filter((other) => key(other) === key(one))
    return {
      ...one,
      subjects: same.map(({ subject }) => subject),
      subjectsFrom: same.some((other) => other.subjectsFrom === 'flag') ? 'flag' : 'documents',
    }
  })
}

/** @throws DOCUMENT_INVALID if one subject would have two audiences: a credential has one */
function mergeCredentials(all: readonly DesiredCredential[]): DesiredCredential[] {
  const key = ({ identity, issuer, subject }: DesiredCredential) => `${identity.name} ${issuer} ${subject}`
  return [...Map.groupBy(all, key).values()].flatMap((same) =>
    same.slice(0, 1).map((first) => {
      const other = same.find(({ audience }) => audience !== first.audience)
      if (other === undefined) {
        const isFlag = same.some((one) => one.subjectsFrom === 'flag')
        return { ...first, subjectsFrom: isFlag ? 'flag' : 'documents' }
      }
      throw new PullpassError({
        code: 'DOCUMENT_INVALID',
        hop: 'document',
        seen: `${first.subject} signs ${first.identity.name} in with the audiences ${first.audience} and ${other.audience}`,
        expected: 'one audience: a federated credential has one, and an issuer and subject have one credential',
      })
    }),
  )
}

// The registry and its repositories in one text, the format of flags: RESOURCE_ID[/repositories/NAME,NAME].

const separator = '/repositories/'

export interface RegistryRepositories {
  readonly registryId: string
  readonly repositories: readonly string[] | undefined
}

export function parseRepositories(text: string): RegistryRepositories {
  const at = text.indexOf(separator)
  if (at < 0) return { registryId: text, repositories: undefined }
  return { registryId: text.slice(0, at), repositories: text.slice(at + separator.length).split(',') }
}

export const renderRepositories = ({ registryId: id, repositories: names }: RegistryRepositories): string =>
  names === undefined ? id : `${id}${separator}${names.join(',')}`

/** @throws DOCUMENT_INVALID */
function roleOf(need: TrustNeed<AzureSettings>, identity: DesiredIdentity): DesiredRole {
  const { document, registry, repository, cluster } = need
  if (repository === undefined) throw unnamed(need)
  const parsed = parseRepositories(repository)
  const invalid = parsed.repositories?.find((name) => !repositoryName.pattern.test(name))
  if (invalid !== undefined) {
    throw documentInvalid(document.source, `registry ${registry.name} names a repository with an invalid name`, {
      expected: repositoryName.expected,
    })
  }
  return { identity, ...parsed, loginServer: registry.settings.registry, description: describe(cluster) }
}

const unnamed = (need: TrustNeed<AzureSettings>) =>
  repositoryMissing(need, {
    missing: `does not name the resource id of ${need.registry.settings.registry}`,
    field: 'registryId',
    expected: registryId.expected,
  })

/** One role for all that an identity pulls from a registry. */
function mergeRoles(all: readonly DesiredRole[]): DesiredRole[] {
  const key = ({ identity, registryId: id }: DesiredRole) => `${identity.name} ${id.toLowerCase()}`
  return [...Map.groupBy(all, key).values()].flatMap((same) =>
    same.slice(0, 1).map((first) => {
      const names = same.flatMap((one) => one.repositories ?? [])
      const isForAll = same.some((one) => one.repositories === undefined)
      return { ...first, repositories: isForAll ? undefined : [...new Set(names)].toSorted() }
    }),
  )
}
