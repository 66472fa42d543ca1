/**
 * The desired resources of documents at Yandex Cloud: the service accounts that they name, a federation with the cluster's issuer for
 * each of them, a federated credential for each subject, and a role on each registry or repository. Pure.
 */
import { PullpassError } from '../../../errors/pullpass-error.ts'
import { type SubjectsFrom, subjectsFrom, type TrustedCluster, type TrustNeed } from '../../trust/contract.ts'
import { describeMarked, markedName, markOf } from '../../trust/marks.ts'
import { checkPublicIssuers, clustersOf, groupByRepository, unique, validRepositoriesOf } from '../../trust/needs.ts'
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

/** @throws DOCUMENT_INVALID, ISSUER_UNUSABLE, USAGE_INVALID */
export function desiredState(needs: readonly TrustNeed<YandexSettings>[]): DesiredState {
  checkPublicIssuers(needs, 'Yandex Cloud')
  const byAccount = Map.groupBy(needs, ({ registry }) => registry.settings.serviceAccountId)
  const accounts = [...byAccount].map(([id, its]) => accountFor(id, its))
  const roles = accounts.flatMap((account) => rolesOf(account, byAccount.get(account.id) ?? []))
  const isOnly = ({ on }: { readonly on: string }) => roles.filter((one) => one.on === on).length === 1
  return { accounts, roles: roles.map((one) => ({ ...one, accounts: isOnly(one) ? 'one' : 'several' })) }
}

function accountFor(id: string, needs: readonly TrustNeed<YandexSettings>[]): DesiredAccount {
  const byIssuer = Map.groupBy(needs, ({ cluster }) => cluster.issuer)
  const federations = [...byIssuer].map(([issuer, its]) => federationFor(id, issuer, its))
  return { id, clusters: clustersOf(needs), federations }
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
  const audiences = unique(
    needs.map(({ registry: { audience, settings } }) => audience ?? settings.endpoint),
  ).toSorted()
  const long = audiences.find((one) => one.length > longestAudience)
  if (long !== undefined) throw tooLong(`an audience has ${long.length} characters`, longestAudience)
  return {
    accountId,
    name: markedName(mark, accountId, 12),
    issuer,
    audiences,
    subjects: unique(needs.map(({ subject }) => subject)).toSorted(),
    subjectsFrom: subjectsFrom(needs),
    description: describeMarked([issuer], longestDescription),
  }
}

const tooLong = (seen: string, most: number) =>
  new PullpassError({
    code: 'ISSUER_UNUSABLE',
    hop: 'trust',
    seen,
    expected: `at most ${most}, the limit of a federation`,
    hint: 'use a shorter one',
  })

const missing = 'does not name the registries or repositories that are pulled'

/** @throws DOCUMENT_INVALID */
function rolesOf(
  account: DesiredAccount,
  needs: readonly TrustNeed<YandexSettings>[],
): Omit<DesiredRole, 'accounts'>[] {
  const places = groupByRepository(needs, (need) => validRepositoriesOf(need, missing, registryOrRepository))
  return places.map(({ name, namespaces }) => ({ account, on: name, namespaces }))
}

/** Of resources, in plans. */
export const accountName = ({ id }: Pick<DesiredAccount, 'id'>): string => `serviceAccounts/${id}`
export const credentialName = ({ name }: Pick<DesiredFederation, 'name'>, subject: string): string =>
  `${name}/${subject}`
export const roleName = ({ on, account }: Pick<DesiredRole, 'on' | 'account'>): string =>
  `pull from ${on} as ${accountName(account)}`
