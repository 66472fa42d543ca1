/**
 * The desired resources of documents at Yandex Cloud: the service accounts that they name, a federation with the cluster's issuer for
 * each of them, a federated credential for each subject, and a role on each registry or repository. Pure.
 */
import { createHash } from 'node:crypto'
import { PullpassError } from '../../../errors/pullpass-error.ts'
import { accountOf } from '../../../identity/service-account.ts'
import { checkIssuerUrl } from '../../../oidc/issuer-url.ts'
import { markOf, type SubjectsFrom, subjectsFrom, type TrustedCluster, type TrustNeed } from '../../trust/contract.ts'
import { splitRepositories } from '../../trust/names.ts'
import { repositoryMissing } from '../../trust/needs.ts'
import { registryOrRepository } from '../names.ts'
import type { YandexSettings } from '../settings.ts'

export interface DesiredAccount {
  /** Id of the service account. */
  readonly id: string
  readonly clusters: readonly Pick<TrustedCluster, 'name' | 'issuer'>[]
  readonly federations: readonly DesiredFederation[]
}

/** One for each cluster and service account: what it accepts is exactly what the documents need. */
export interface DesiredFederation {
  readonly accountId: string
  /** Contains the mark of the cluster. */
  readonly name: string
  readonly issuer: string
  /** In order. */
  readonly audiences: readonly string[]
  /** All subjects of the cluster that sign in as the service account, in order. */
  readonly subjects: readonly string[]
  readonly subjectsFrom: SubjectsFrom
  readonly description: string
}

export interface DesiredCredential {
  readonly federation: DesiredFederation
  readonly subject: string
}

export interface DesiredRole {
  readonly account: DesiredAccount
  /** `REGISTRY_ID`, or `REGISTRY_ID/NAME`. */
  readonly on: string
  /** Of the ServiceAccounts that need it: it is recorded in each. */
  readonly namespaces: readonly string[]
  /** `several`: further service accounts of the documents pull from it. */
  readonly accounts: 'one' | 'several'
}

export interface DesiredState {
  readonly accounts: readonly DesiredAccount[]
  readonly roles: readonly DesiredRole[]
}

/** @throws DOCUMENT_INVALID, ISSUER_UNUSABLE */
export function desiredState(needs: readonly TrustNeed<YandexSettings>[]): DesiredState {
  const byAccount = Map.groupBy(needs, ({ registry }) => registry.settings.serviceAccountId)
  const accounts = [...byAccount].map(([id, its]) => accountFor(id, its))
  const roles = accounts.flatMap((account) => rolesOf(account, byAccount.get(account.id) ?? []))
  const isOnly = ({ on }: { readonly on: string }) => roles.filter((one) => one.on === on).length === 1
  return { accounts, roles: roles.map((one) => ({ ...one, accounts: isOnly(one) ? 'one' : 'several' })) }
}

function accountFor(id: string, needs: readonly TrustNeed<YandexSettings>[]): DesiredAccount {
  const clusters = new Map(needs.map(({ cluster: { name, issuer } }) => [issuer, { name, issuer }]))
  const byIssuer = Map.groupBy(needs, ({ cluster }) => cluster.issuer)
  const federations = [...byIssuer].map(([issuer, its]) => federationFor(id, issuer, its))
  return { id, clusters: [...clusters.values()], federations }
}

/** Of the API, in characters. */
const [longestAudience, longestDescription] = [255, 256]

/** @throws DOCUMENT_INVALID, ISSUER_UNUSABLE */
function federationFor(
  accountId: string,
  issuer: string,
  needs: readonly TrustNeed<YandexSettings>[],
): DesiredFederation {
  const mark = markOf({ issuer })
  const fault = checkIssuerUrl(issuer, `the issuer of cluster ${needs[0]?.cluster.name ?? ''}`)
  if (fault !== undefined) throw fault
  const audiences = sorted(needs.map(({ registry: { audience, settings } }) => audience ?? settings.endpoint))
  const long = audiences.find((one) => one.length > longestAudience)
  if (long !== undefined) throw tooLong(`an audience has ${long.length} characters`, longestAudience)
  return {
    accountId,
    name: `${mark.replace(':', '-')}-${createHash('sha256').update(accountId).digest('hex').slice(0, 12)}`,
    issuer,
    audiences,
    subjects: sorted(needs.map(({ subject }) => subject)),
    subjectsFrom: subjectsFrom(needs),
    description: `${mark} pulls images for the cluster of ${issuer}`.slice(0, longestDescription),
  }
}

const sorted = (texts: readonly string[]) => [...new Set(texts)].toSorted()

const tooLong = (seen: string, most: number) =>
  new PullpassError({
    code: 'ISSUER_UNUSABLE',
    hop: 'trust',
    seen,
    expected: `at most ${most}, the limit of a federation`,
    hint: 'use a shorter one',
  })

/** @throws DOCUMENT_INVALID */
function rolesOf(
  account: DesiredAccount,
  needs: readonly TrustNeed<YandexSettings>[],
): Omit<DesiredRole, 'accounts'>[] {
  const desired = needs.flatMap((need) => repositoriesOf(need).map((on) => ({ on, namespace: namespaceOf(need) })))
  return [...Map.groupBy(desired, ({ on }) => on)].map(([on, its]) => ({
    account,
    on,
    namespaces: sorted(its.flatMap(({ namespace }) => namespace ?? [])),
  }))
}

const namespaceOf = ({ subject }: TrustNeed<YandexSettings>) => accountOf(subject)?.namespace

/** @throws DOCUMENT_INVALID */
function repositoriesOf(need: TrustNeed<YandexSettings>): string[] {
  const { document, registry, repository } = need
  if (repository === undefined) throw unnamed(need)
  const names = splitRepositories(repository)
  if (names.every((name) => registryOrRepository.pattern.test(name))) return names
  throw new PullpassError({
    code: 'DOCUMENT_INVALID',
    hop: 'document',
    seen: `${document.source}: registry ${registry.name} names a repository with an invalid name`,
    expected: registryOrRepository.expected,
  })
}

const unnamed = (need: TrustNeed<YandexSettings>) =>
  repositoryMissing(need, {
    missing: 'does not name the registries or repositories that are pulled',
    field: 'repositories',
    expected: registryOrRepository.expected,
  })

/** Of resources, in plans. */
export const accountName = ({ id }: Pick<DesiredAccount, 'id'>): string => `serviceAccounts/${id}`
export const credentialName = ({ name }: Pick<DesiredFederation, 'name'>, subject: string): string =>
  `${name}/${subject}`
export const roleName = ({ on, account }: Pick<DesiredRole, 'on' | 'account'>): string =>
  `pull from ${on} as ${accountName(account)}`
