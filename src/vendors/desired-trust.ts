/** Needs of documents, grouped to the resources that vendors with trust policies have: the checks and groups that these vendors share. */
import { PullpassError } from '../errors/pullpass-error.ts'
import type { TrustedCluster } from './trust-contract.ts'

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
  words: { readonly expected: string; readonly hint: string },
): PullpassError =>
  new PullpassError({ code: 'DOCUMENT_INVALID', hop: 'document', seen: `${source}: ${seen}`, ...words })

export const unique = <T>(all: readonly T[]): T[] => [...new Set(all)]

/** Of a group, whose first member states what all of them have in common. */
export function nonEmpty<T>(all: readonly T[]): readonly [T, ...T[]] {
  const [first, ...others] = all
  if (first === undefined) throw new TypeError('a group has a first member')
  return [first, ...others]
}
