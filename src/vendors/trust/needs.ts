/** Needs of documents, grouped to the resources that vendors with trust policies have: the checks and groups that these vendors share. */
import { environmentSource } from '../../document/load-documents.ts'
import { PullpassError } from '../../errors/pullpass-error.ts'
import type { TrustedCluster, TrustNeed } from './contract.ts'

/** A trust policy identifies a cluster by its issuer only. `vendor`: for the message. @throws USAGE_INVALID */
export function checkIssuers(clusters: readonly Pick<TrustedCluster, 'name' | 'issuer'>[], vendor: string): void {
  for (const [issuer, same] of Map.groupBy(clusters, (one) => one.issuer)) {
    const names = unique(same.map(({ name }) => name))
    if (names.length < 2) continue
    throw new PullpassError({
      code: 'USAGE_INVALID',
      hop: 'run',
      seen: `the clusters ${names.join(' and ')} have the same issuer, ${issuer}`,
      expected: `an issuer for each cluster: ${vendor} cannot distinguish clusters with one issuer, even if their keys differ`,
    })
  }
}

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

export const unique = <T>(all: readonly T[]): T[] => [...new Set(all)]

/** Of a group, whose first member states what all of them have in common. */
export function nonEmpty<T>(all: readonly T[]): readonly [T, ...T[]] {
  const [first, ...others] = all
  if (first === undefined) throw new TypeError('a group has a first member')
  return [first, ...others]
}
