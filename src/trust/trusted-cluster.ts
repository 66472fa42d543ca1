/** A cluster as trust sees it: who signs its tokens, and what is made for it carries. */
import { createHash } from 'node:crypto'
import type { IssuerKey } from '../oidc/keys.ts'

export interface TrustedCluster {
  /** As the operator calls it: a context of his kubeconfig, or its issuer. */
  readonly name: string
  /** `iss` of its tokens. */
  readonly issuer: string
  /** As the cluster serves them; undefined where it was not asked. */
  readonly keys: readonly IssuerKey[] | undefined
  /** `some`: an API server could not be asked, and keys that it alone serves are missing. */
  readonly servers?: 'all' | 'some'
  /** Of a key that was uploaded before; absent: none is known to be revoked. */
  readonly isRevoked?: (key: IssuerKey) => boolean
  /** In place of the id that a document gives its pool: each of several clusters has its own, unless they share one. */
  readonly poolId: string | undefined
  /** In place of the id that a document gives its provider. */
  readonly providerId: string | undefined
}

/**
 * What everything that is made for a cluster carries in its description. It is made of the issuer, since operators call
 * one cluster by many names, and of its first 12 digits, since a description is short.
 */
export function markOf({ issuer }: Pick<TrustedCluster, 'issuer'>): string {
  return `pullpass:${createHash('sha256').update(issuer).digest('hex').slice(0, 12)}`
}

/** Those that a description carries. */
export const marksIn = (description: string): string[] =>
  description.split(/\s+/).filter((word) => /^pullpass:[0-9a-f]{12}$/.test(word))
