/**
 * What the vendor knows of the documents, read with the operator's own credentials where there are any: his refusals say
 * too little to tell an absent provider from a disabled one. Nothing is changed.
 */
import type { Document } from '../../document/document.ts'
import { PullpassError } from '../../errors/pullpass-error.ts'
import { lookAtAll, openTrust, wantTrust } from '../../trust/desired.ts'
import { listNeeds } from '../../trust/needs.ts'
import { noRecord } from '../../trust/record.ts'
import type { TrustedCluster, Finding as TrustFinding } from '../../vendors/trust-contract.ts'
import type { VendorContext } from '../../vendors/vendor.ts'

export interface TrustWanted {
  readonly documents: readonly Document[]
  readonly cluster: Pick<TrustedCluster, 'issuer' | 'keys'>
  /** Of tokens that lie in a file. */
  readonly subject: string | undefined
  /** Where a document names none. */
  readonly repository: string | undefined
}

/** undefined where it cannot be looked at: no credentials, or nothing that trust could plan. */
export async function gatherTrust(
  { documents, cluster, subject, repository }: TrustWanted,
  context: VendorContext,
): Promise<readonly TrustFinding[] | undefined> {
  try {
    const trusted = { ...cluster, name: cluster.issuer, trustDomainId: undefined, issuerId: undefined }
    const wanted = await wantTrust(
      await listNeeds(documents, [trusted], { subject, repository }, context.vendors),
      context.vendors,
    )
    return await lookAtAll(await openTrust(wanted, noRecord, context), { replace: [], sharing: 'accepted' })
  } catch (fault) {
    context.signal.throwIfAborted()
    // Whoever has no credentials, or a document that trust does not know, is told by the exchange's own words.
    if (fault instanceof PullpassError) return undefined
    throw fault
  }
}
