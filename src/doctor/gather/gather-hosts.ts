/**
 * Who serves an issuer's documents, where that may be why a cloud does not get them: a certificate that nobody trusts here, or
 * documents that are read here while the cloud says that it reaches none.
 */
import { PullpassError } from '../../errors/pullpass-error.ts'
import type { Context } from '../../http/context.ts'
import { gatherPublicFacts, type HostFacts, openPublicContext } from '../../oidc/public/public-facts.ts'
import type { ExchangeFacts } from './gather-exchanges.ts'
import type { IssuerFacts } from './gather-issuers.ts'

/** By issuer; nothing of one whose hosts stand in nobody's way. */
export type HostsByIssuer = ReadonlyMap<string, readonly HostFacts[]>

export const noHosts: HostsByIssuer = new Map()

export async function gatherHosts(
  issuers: readonly IssuerFacts[],
  exchanges: readonly ExchangeFacts[],
  context: Context,
): Promise<HostsByIssuer> {
  const isUnreached = exchanges.some(
    ({ result }) => result instanceof PullpassError && result.code === 'ISSUER_UNREACHABLE',
  )
  const wanted = issuers.filter((facts) => (isUnreached && facts.found.keys !== undefined) || isUntrusted(facts))
  const look = async (facts: IssuerFacts) => {
    const { issuer } = facts.found
    const { hosts } = await gatherPublicFacts(openPublicContext(context), issuer)
    return [issuer, hosts] as const
  }
  return new Map(await Promise.all(wanted.map(look)))
}

const isUntrusted = ({ found: { found } }: IssuerFacts): boolean =>
  [found?.discovery, found?.jwks].some(
    (document) => document?.kind === 'unanswered' && document.fault.code === 'CERTIFICATE_UNTRUSTED',
  )
