/** Needs of documents, grouped to the resources of a vendor: the checks and groups that vendors share. */
import { brokenRule, type TextRule } from '../../document/field-rules.ts'
import { environmentSource } from '../../document/load-documents.ts'
import { PullpassError } from '../../errors/pullpass-error.ts'
import { accountOf } from '../../identity/service-account.ts'
import { checkIssuerUrl } from '../../oidc/issuer-url.ts'
import type { TrustedCluster, TrustNeed } from './contract.ts'
import { splitRepositories } from './names.ts'

/** The vendor identifies a cluster by its issuer only. `vendor`: for the message. @throws USAGE_INVALID */
export function checkIssuers(needs: readonly TrustNeed[], vendor: string): void {
  for (const { name, issuer } of clustersOf(needs)) {
    const other = needs.find(({ cluster }) => cluster.issuer === issuer && cluster.name !== name)
    if (other === undefined) continue
    throw new PullpassError({
      code: 'USAGE_INVALID',
      hop: 'run',
      seen: `the clusters ${[name, other.cluster.name].toSorted().join(' and ')} have the same issuer, ${issuer}`,
      expected: `an issuer for each cluster: ${vendor} cannot distinguish clusters with one issuer, even if their keys differ`,
    })
  }
}

/** As `checkIssuers`, where the vendor also reads the keys at the issuer's URL. @throws USAGE_INVALID, ISSUER_UNUSABLE */
export function checkPublicIssuers(needs: readonly TrustNeed[], vendor: string): void {
  checkIssuers(needs, vendor)
  for (const { name, issuer } of clustersOf(needs)) {
    const fault = checkIssuerUrl(issuer, `the issuer of cluster ${name}`)
    if (fault !== undefined) throw fault
  }
}

/** One for each issuer. */
export const clustersOf = (needs: readonly TrustNeed[]): Pick<TrustedCluster, 'name' | 'issuer'>[] => [
  ...new Map(needs.map(({ cluster: { name, issuer } }) => [issuer, { name, issuer }])).values(),
]

/** Unique in a cluster. */
export const documentKey = ({ kind, namespace = '', name }: TrustNeed['document']): string =>
  `${kind} ${namespace}/${name}`

/** `source`: of the document. */
export const documentInvalid = (
  source: string,
  seen: string,
  words: { readonly expected: string; readonly hint?: string },
): PullpassError =>
  new PullpassError({ code: 'DOCUMENT_INVALID', hop: 'document', seen: `${source}: ${seen}`, ...words })

/**
 * The repository that no document or flag names. `missing`: what the registry lacks, after its name. `field`: of the vendor's settings, which
 * a PullSecret and the environment variables do not have; `expected`: its form.
 */
export function repositoryMissing(
  { document: { kind, source }, registry }: Pick<TrustNeed, 'document' | 'registry'>,
  { missing, field, expected }: { readonly missing: string; readonly field: string; readonly expected: string },
): PullpassError {
  const seen = `registry ${registry.name} ${missing}`
  const flag = `--repository ${expected}`
  if (kind === 'PullSecret')
    return documentInvalid(source, seen, { expected: `${flag}, since a PullSecret has no ${registry.vendor}.trust` })
  if (source === environmentSource)
    return documentInvalid(source, seen, { expected: `${flag}, since no variable names it` })
  const hint = 'set it in the document, or with --repository'
  return documentInvalid(source, seen, { expected: `${registry.vendor}.trust.${field}: ${expected}`, hint })
}

/** `missing`, `expected`: as of `repositoryMissing`. @throws DOCUMENT_INVALID */
export function repositoriesOf(
  need: TrustNeed,
  words: { readonly missing: string; readonly expected: string },
): string[] {
  if (need.repository === undefined) throw repositoryMissing(need, { ...words, field: 'repositories' })
  return splitRepositories(need.repository)
}

/** As `repositoriesOf`, each in the form of the rule. @throws DOCUMENT_INVALID */
export function validRepositoriesOf(need: TrustNeed, missing: string, rule: TextRule): string[] {
  const { expected } = rule
  const names = repositoriesOf(need, { missing, expected })
  if (names.every((name) => brokenRule(rule, name) === undefined)) return names
  const { document, registry } = need
  throw documentInvalid(document.source, `registry ${registry.name} names a repository with an invalid name`, {
    expected,
  })
}

interface NeededRepository {
  readonly name: string
  /** Of the ServiceAccounts that need it: what permits to read it is recorded in each. */
  readonly namespaces: readonly string[]
}

export function groupByRepository<Need extends TrustNeed>(
  needs: readonly Need[],
  repositories: (need: Need) => readonly string[],
): NeededRepository[] {
  const all = needs.flatMap((need) => repositories(need).map((name) => ({ name, subject: need.subject })))
  return [...Map.groupBy(all, ({ name }) => name)].map(([name, its]) => ({
    name,
    namespaces: unique(its.flatMap(({ subject }) => accountOf(subject)?.namespace ?? [])).toSorted(),
  }))
}

export const unique = <T>(all: readonly T[]): T[] => [...new Set(all)]

/** Of a group, whose first member states what all of them have in common. */
export function nonEmpty<T>(all: readonly T[]): readonly [T, ...T[]] {
  const [first, ...others] = all
  if (first === undefined) throw new TypeError('a group has a first member')
  return [first, ...others]
}
