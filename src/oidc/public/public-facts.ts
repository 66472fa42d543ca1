/** What an anonymous client on the internet reads at an issuer's URL, as facts for the requirements of clouds. */

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
import { managedServiceOf, type ServiceVendors } from '../managed-service.ts'
import { foundKeys, type PublicIssuer, readPublicIssuer } from './public-issuer.ts'

export const openPublicContext = (context: Context & Pick<PublicContext, 'vendors'>): PublicContext => ({
  ...context,
  publicTransport: reportRequests(httpsTransport(context.environment, undefined, 'public'), context.waiting),
  lookUp: resolveAddresses,
})

/** An anonymous client: public certificate authorities, and DNS. */
export interface PublicContext extends Pick<Context, 'transport' | 'signal' | 'now'> {
  /** Trusts the public authorities only. */
  readonly publicTransport: Transport
  /** Every address of a name; empty where it has none here. */
  readonly lookUp: (name: string) => Promise<readonly string[]>
  readonly vendors: ServiceVendors
}

export interface PublicFacts {
  /** As it was given; clouds compare it exactly. */
  readonly issuer: string
  /** The managed Kubernetes service that publishes its documents; undefined if the operator does. */
  readonly managedService: string | undefined
  /** Undefined if clouds request nothing from such a URL; then nothing was requested here either. */
  readonly found: PublicIssuer | undefined
  /** Undefined where nothing was read that is a JWKS. */
  readonly keys: readonly IssuerKey[] | undefined
  /** The servers of the documents: one, or two if the keys are elsewhere. */
  readonly hosts: readonly HostFacts[]
  readonly token: TokenFacts | undefined
  readonly at: Date
}

export interface HostFacts {
  /** With its port, where the URL names one. */
  readonly host: string
  /** Empty where the name was not resolved here. */
  readonly addresses: readonly string[]
  /** OpenSSL's code for why its certificate is not trusted by public authorities; undefined if it is, or if it is unknown. */
  readonly untrusted: string | undefined
}

export interface TokenFacts {
  readonly token: SubjectToken
  /** Undefined where there were no keys to try. */
  readonly signature: SignatureVerdict | undefined
}

export async function gatherPublicFacts(
  context: PublicContext,
  issuer: string,
  token?: SubjectToken,
): Promise<PublicFacts> {
  // Clouds request nothing from such a URL.
  const found = checkIssuerUrl(issuer, 'the issuer') === undefined ? await readPublicIssuer(context, issuer) : undefined
  const keys = foundKeys(found?.jwks)
  const tried = token === undefined || keys === undefined ? undefined : await verifySignature(token, keys)
  return {
    issuer,
    managedService: managedServiceOf(issuer, context.vendors),
    found,
    keys,
    hosts: await gatherHostFacts(context, found),
    token: token === undefined ? undefined : { token, signature: tried },
    at: context.now(),
  }
}

async function gatherHostFacts(context: PublicContext, found: PublicIssuer | undefined): Promise<HostFacts[]> {
  const urls = [found?.discovery.url, found?.jwks?.url].filter((url) => url !== undefined)
  const byHost = new Map(urls.map((url) => [new URL(url).host, url]))
  return await Promise.all([...byHost].map(([host, url]) => hostFactsOf(context, host, url)))
}

async function hostFactsOf(context: PublicContext, host: string, url: string): Promise<HostFacts> {
  const name = new URL(url).hostname.replace(/^\[(.*)\]$/, '$1')
  const [addresses, untrusted] = await Promise.all([context.lookUp(name), whyUntrusted(context, url)])
  return { host, addresses, untrusted }
}

// Whether a public authority issued the certificate of a URL's server, independent of the authorities that this machine trusts.

/** Bytes and milliseconds; the response itself is irrelevant. */
const [maxBytes, timeoutMs] = [1024 * 1024, 20_000]

/** OpenSSL's code for why none did; undefined if one did, or if it is unknown. */
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
