/** Gathers what a cloud would find at an issuer's URL: documents as strangers read them, names resolved, certificates tried. */
import type { SubjectToken } from '../../identity/subject-token.ts'
import { checkIssuerUrl } from '../documents/check-issuer-url.ts'
import { verifySignature } from '../keys/verify-signature.ts'
import { foundKeys } from './found-keys.ts'
import type { HostFacts, PublicFacts } from './public-facts.ts'
import type { PublicOutside } from './public-outside.ts'
import { type PublicIssuer, readPublicIssuer } from './read-public-issuer.ts'
import { whyUntrusted } from './why-untrusted.ts'

export async function gatherPublicFacts(
  outside: PublicOutside,
  issuer: string,
  token?: SubjectToken,
): Promise<PublicFacts> {
  // Clouds ask nothing of such a URL: what would be found there is no matter.
  const found = checkIssuerUrl(issuer, 'the issuer') === undefined ? await readPublicIssuer(outside, issuer) : undefined
  const keys = foundKeys(found?.jwks)
  const tried = token === undefined || keys === undefined ? undefined : await verifySignature(token, keys)
  return {
    issuer,
    found,
    keys,
    hosts: await lookAtHosts(outside, found),
    token: token === undefined ? undefined : { token, signature: tried },
    at: outside.now(),
  }
}

async function lookAtHosts(outside: PublicOutside, found: PublicIssuer | undefined): Promise<HostFacts[]> {
  const urls = [found?.discovery.url, found?.jwks?.url].filter((url) => url !== undefined)
  const byHost = new Map(urls.map((url) => [new URL(url).host, url]))
  return await Promise.all([...byHost].map(([host, url]) => lookAtHost(outside, host, url)))
}

async function lookAtHost(outside: PublicOutside, host: string, url: string): Promise<HostFacts> {
  const name = new URL(url).hostname.replace(/^\[(.*)\]$/, '$1')
  const [addresses, untrusted] = await Promise.all([outside.lookUp(name), whyUntrusted(outside, url)])
  return { host, addresses, untrusted }
}
