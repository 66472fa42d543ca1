/**
 * The servers that receive a token for the PullSecret of a tenant: hosts of the vendor, by https, at public addresses, and those that
 * the installation permits. A tenant must not reach servers of the internal network through the controller.
 */
import { type Document, tenantOf } from '../../document/document.ts'
import { PullpassError } from '../../errors/pullpass-error.ts'
import { AddressPrivate, type HttpRequest, type Transport } from '../../http/transport.ts'
import type { ExchangeRequest } from '../../refresh/exchange-requests.ts'

/** The same request: of a tenant restricted, else as it is. `permitted`: HOST[:PORT], at any address. */
export function restrictExchange(request: ExchangeRequest, permitted: readonly string[]): ExchangeRequest {
  if (tenantOf(request.document) === undefined) return request
  return {
    ...request,
    exchange: async (token, context) =>
      await request.exchange(token, { ...context, transport: restrict(request, permitted, context.transport) }),
  }
}

function restrict(
  { document, tenantDomains }: ExchangeRequest,
  permitted: readonly string[],
  transport: Transport,
): Transport {
  return async (request) => {
    const { protocol, host, hostname } = new URL(request.url)
    if (protocol !== 'https:') throw refused(document, `${protocol}//${host}, which is not encrypted`, undefined)
    if (permitted.includes(host)) return await transport(request)
    if (!tenantDomains.some((domain) => hostname === domain || hostname.endsWith(`.${domain}`)))
      throw refused(document, `${host}, which is not a host of the vendor`, host)
    return await sendPublic(request, document, transport)
  }
}

async function sendPublic(request: HttpRequest, document: Document, transport: Transport) {
  try {
    return await transport({ ...request, addresses: 'public' })
  } catch (error) {
    if (!(error instanceof AddressPrivate)) throw error
    const { host } = new URL(request.url)
    throw refused(document, `${host}, whose address is private: ${error.addresses.join(', ')}`, host)
  }
}

const refused = ({ namespace = '', name }: Document, where: string, host: string | undefined) =>
  new PullpassError({
    code: 'DOCUMENT_INVALID',
    hop: 'document',
    seen: `the token of PullSecret ${namespace}/${name} would be sent to ${where}`,
    expected: 'a host of the vendor at a public address, or one that the installation permits',
    ...(host !== undefined && {
      hint: `if it is the endpoint that this cluster uses, such as one of a private network, have the operator of the cluster print the installation again with --tenant-endpoint ${host}`,
    }),
    details: { flag: host === undefined ? 'none' : `--tenant-endpoint ${host}` },
  })
