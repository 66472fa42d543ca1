/**
 * An https proxy for moto, optionally under AWS's host names. Moto routes anonymous requests for
 * `.well-known/openid-configuration` to Cognito; the proxy sends them to S3, as a bucket's host name does.
 */
import { once } from 'node:events'
import { type IncomingMessage, request, type ServerResponse } from 'node:http'
import { createServer } from 'node:https'
import { text } from 'node:stream/consumers'
import type { CertificateAuthority } from '../../../sandbox/serve/certificate-authority.ts'
import { placeholderAuthorization } from './start-moto.ts'

export interface MotoProxy {
  /** `https://127.0.0.1:PORT` */
  readonly url: string
  readonly port: number
  readonly close: () => Promise<void>
}

/** `moto`: `http://127.0.0.1:PORT`, with authentication disabled. `names`: by default of this machine. */
export async function startMotoProxy(
  moto: string,
  authority: CertificateAuthority,
  names?: readonly string[],
): Promise<MotoProxy> {
  const { certificate: cert, key } = await authority.issueServerCertificate(names)
  const server = createServer({ cert, key }, (incoming, response) => {
    forward(moto, incoming, response).catch((fault: unknown) =>
      response.destroy(fault instanceof Error ? fault : undefined),
    )
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const address = server.address()
  const port = typeof address === 'object' && address !== null ? address.port : 0
  const close = async () => {
    server.closeAllConnections()
    server.close()
    await once(server, 'close')
  }
  return { url: `https://127.0.0.1:${port}`, port, close }
}

/** Keeps the host name of the request. */
async function forward(moto: string, incoming: IncomingMessage, response: ServerResponse): Promise<void> {
  const { method = 'GET', url = '/', headers } = incoming
  const isRead = method === 'GET' || method === 'HEAD'
  const named = isRead ? { authorization: placeholderAuthorization('s3'), ...headers } : headers
  const passed = request(new URL(url, moto), { method, headers: named })
  passed.end(await text(incoming))
  const [found]: IncomingMessage[] = await once(passed, 'response')
  if (found === undefined) throw new TypeError('moto did not respond')
  response.writeHead(found.statusCode ?? 500, found.headers)
  found.pipe(response)
}
