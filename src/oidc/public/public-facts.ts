/** The outside as strangers meet it: whom everybody trusts, and what names stand for. */

import { systemErrorCode } from '../../host/read-file.ts'
import { resolveAddresses } from '../../http/addresses.ts'
import type { Context } from '../../http/context.ts'
import { httpsTransport } from '../../http/https-transport.ts'
import { reportRequests } from '../../http/log-requests.ts'
import { transportError } from '../../http/request-errors.ts'
import type { Transport } from '../../http/transport.ts'
import type { SubjectToken } from '../../identity/subject-token.ts'
import { checkIssuerUrl } from '../issuer-url.ts'
import { type IssuerKey, type SignatureVerdict, verifySignature } from '../keys.ts'
import { foundKeys, type PublicIssuer, readPublicIssuer } from './public-issuer.ts'

export const openPublicContext = (context: Context): PublicContext => ({
  ...context,
  publicTransport: reportRequests(httpsTransport(context.environment, undefined, 'public'), context.waiting),
  lookUp: resolveAddresses,
})

/** The outside as strangers meet it. */
export interface PublicContext extends Pick<Context, 'transport' | 'signal' | 'now'> {
  /** Trusts the authorities that everybody trusts, and no other. */
  readonly publicTransport: Transport
  /** Every address of a name; empty where it has none here. */
  readonly lookUp: (name: string) => Promise<readonly string[]>
}

/** What was gathered of an issuer from outside: what the judges of each cloud look at, and nothing else. */
export interface PublicFacts {
  /** As it was asked for; clouds compare it letter by letter. */
  readonly issuer: string
  /** Undefined where clouds ask such a URL for nothing, so that nobody asked here either. */
  readonly found: PublicIssuer | undefined
  /** Undefined where nothing was read that is a JWKS. */
  readonly keys: readonly IssuerKey[] | undefined
  /** Whoever serves the documents: one, or two where the keys lie elsewhere. */
  readonly hosts: readonly HostFacts[]
  readonly token: TokenFacts | undefined
  readonly at: Date
}

export interface HostFacts {
  /** With its port, where the URL names one. */
  readonly host: string
  /** Empty where the name was not resolved here. */
  readonly addresses: readonly string[]
  /** OpenSSL's word for why no public authority vouches for its certificate; undefined where one does, or nobody knows. */
  readonly untrusted: string | undefined
}

export interface TokenFacts {
  readonly token: SubjectToken
  /** Undefined where there were no keys to try. */
  readonly signature: SignatureVerdict | undefined
}

/** Gathers what a cloud would find at an issuer's URL: documents as strangers read them, names resolved, certificates tried. */
export async function gatherPublicFacts(
  context: PublicContext,
  issuer: string,
  token?: SubjectToken,
): Promise<PublicFacts> {
  // Clouds ask nothing of such a URL: what would be found there is no matter.
  const found = checkIssuerUrl(issuer, 'the issuer') === undefined ? await readPublicIssuer(context, issuer) : undefined
  const keys = foundKeys(found?.jwks)
  const tried = token === undefined || keys === undefined ? undefined : await verifySignature(token, keys)
  return {
    issuer,
    found,
    keys,
    hosts: await lookAtHosts(context, found),
    token: token === undefined ? undefined : { token, signature: tried },
    at: context.now(),
  }
}

async function lookAtHosts(context: PublicContext, found: PublicIssuer | undefined): Promise<HostFacts[]> {
  const urls = [found?.discovery.url, found?.jwks?.url].filter((url) => url !== undefined)
  const byHost = new Map(urls.map((url) => [new URL(url).host, url]))
  return await Promise.all([...byHost].map(([host, url]) => lookAtHost(context, host, url)))
}

async function lookAtHost(context: PublicContext, host: string, url: string): Promise<HostFacts> {
  const name = new URL(url).hostname.replace(/^\[(.*)\]$/, '$1')
  const [addresses, untrusted] = await Promise.all([context.lookUp(name), whyUntrusted(context, url)])
  return { host, addresses, untrusted }
}

// Whether an authority that everybody trusts vouches for who serves a URL, whatever this machine trusts besides.

/** Bytes and milliseconds; the answer itself is no matter. */
const [maxBytes, timeoutMs] = [1024 * 1024, 20_000]

/** OpenSSL's word for why none does; undefined where one does, or nobody knows. */
export async function whyUntrusted(
  { publicTransport, signal }: Pick<PublicContext, 'publicTransport' | 'signal'>,
  url: string,
): Promise<string | undefined> {
  const headers = { accept: '*/*', 'user-agent': 'pullpass' }
  const bounded = AbortSignal.any([AbortSignal.timeout(timeoutMs), signal])
  try {
    await publicTransport({ method: 'GET', url, headers, maxBytes, signal: bounded })
    return undefined
  } catch (error) {
    signal.throwIfAborted()
    const { code } = transportError({ hop: 'discovery', service: url, url }, undefined, error)
    return code === 'CERTIFICATE_UNTRUSTED' ? systemErrorCode(error) : undefined
  }
}
