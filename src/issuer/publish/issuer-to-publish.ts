/** Whose documents are published: the issuer that strangers are told to expect, checked before anything is written. */
import { PullpassError } from '../../outside/pullpass-error.ts'
import { shellQuote } from '../../outside/shell-quote.ts'
import { checkIssuerUrl } from '../documents/check-issuer-url.ts'
import type { PublishTarget } from '../documents/publish-target.ts'
import { vendorOfIssuer } from '../documents/vendor-of-issuer.ts'

/**
 * `flag`: `--issuer-url`. Where the target holds keys alone, a cloud reads nothing at the issuer: it may be one that exists
 * inside the cluster alone. @throws ISSUER_UNUSABLE, PUBLISHED_BY_VENDOR
 */
export function issuerToPublish(
  flag: string | undefined,
  { issuerUrl: ofTarget, holds }: Pick<PublishTarget, 'issuerUrl' | 'holds'>,
  ofCluster: string,
): string {
  const issuer = flag ?? ofTarget ?? ofCluster
  const named =
    flag !== undefined ? '--issuer-url' : ofTarget !== undefined ? "the target's URL" : "the cluster's issuer"
  const fault = holds.includes('discovery') ? checkIssuerUrl(issuer, named) : undefined
  if (fault !== undefined) throw fault
  const vendor = vendorOfIssuer(ofCluster)
  if (vendor === undefined) return issuer
  throw new PullpassError({
    code: 'PUBLISHED_BY_VENDOR',
    hop: 'publish',
    seen: `the cluster's issuer is ${ofCluster}: ${vendor} publishes its documents, and keeps them true`,
    expected: 'a cluster whose issuer is its own',
    hint: `nothing to publish: trust that issuer as it is; pullpass issuer check ${shellQuote(ofCluster)}`,
  })
}
