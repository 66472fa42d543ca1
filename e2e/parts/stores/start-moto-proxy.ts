/**
 * Moto behind https, by AWS's own host names where they are given. Moto takes every stranger's request for
 * `.well-known/openid-configuration` for one to Cognito: here what a stranger reads is S3's, as at a bucket's own host name.
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

/** `moto`: `http://127.0.0.1:PORT`, where identities are not looked at. `names`: by default of this machine. */
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

/** With the name by which it was incoming. */
async function forward(moto: string, incoming: IncomingMessage, response: ServerResponse): Promise<void> {
  const { method = 'GET', url = '/', headers } = incoming
  const reads = method === 'GET' || method === 'HEAD'
  const named = reads ? { authorization: placeholderAuthorization('s3'), ...headers } : headers
  const passed = request(new URL(url, moto), { method, headers: named })
  passed.end(await text(incoming))
  const [found]: IncomingMessage[] = await once(passed, 'response')
  if (found === undefined) throw new TypeError('moto answered nothing')
  response.writeHead(found.statusCode ?? 500, found.headers)
  found.pipe(response)
}
