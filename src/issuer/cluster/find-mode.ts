/** Who publishes a cluster's documents: pullpass may, the vendor does, or another tool does. Pure. */
import { checkIssuerUrl } from '../documents/check-issuer-url.ts'
import { judgePublished } from '../documents/judge-published.ts'
import { vendorOfIssuer } from '../documents/vendor-of-issuer.ts'
import type { IssuerKey } from '../keys/issuer-key.ts'
import type { FoundDocument, PublicIssuer } from '../public/read-public-issuer.ts'

/** `stand down`: what lies there is somebody else's, and is never overwritten unasked. */
export interface IssuerMode {
  readonly mode: 'publish' | 'verify only' | 'stand down'
  /** Follows "mode: why". */
  readonly why: string
}

/** `own`: the keys that the cluster serves. `found`: undefined where nobody would ask such a URL. */
export function findMode(issuer: string, own: readonly IssuerKey[], found: PublicIssuer | undefined): IssuerMode {
  const vendor = vendorOfIssuer(issuer)
  if (vendor !== undefined) {
    return { mode: 'verify only', why: `${vendor} publishes the documents of this issuer, and keeps them true` }
  }
  if (found === undefined || checkIssuerUrl(issuer, 'it') !== undefined) {
    return { mode: 'publish', why: 'no cloud can read this issuer: another one has to be set first' }
  }
  const [discovery, jwks] = [publicOf(found.discovery), publicOf(found.jwks)]
  if (discovery === undefined) return { mode: 'publish', why: whyNone(found) }
  const { foreign, keys } = judgePublished({ discovery, jwks }, issuer, own)
  if (foreign !== undefined) return { mode: 'stand down', why: `there lies ${foreign}` }
  const missing = own.filter(({ keyId }) => !keys.some((key) => key.keyId === keyId)).length
  const state =
    missing === 0
      ? 'with every key that the cluster serves'
      : `but ${missing} of ${own.length} keys of the cluster are missing`
  return { mode: 'publish', why: `its documents are public, ${state}` }
}

const publicOf = (document: FoundDocument | undefined) =>
  document?.kind === 'answered' && document.status === 200 ? document : undefined

function whyNone({ discovery }: PublicIssuer): string {
  return discovery.kind === 'answered'
    ? `nobody publishes its documents yet: a stranger gets ${discovery.status}`
    : `whether anybody publishes its documents could not be seen: ${discovery.fault.seen}`
}
