/**
 * Moto behind https, since it takes every stranger's request for `.well-known/openid-configuration` for one to Cognito: here
 * a request that says nothing of a service is one to S3, as at a bucket's own host name.
 */
import { once } from 'node:events'
import { type IncomingMessage, request, type ServerResponse } from 'node:http'
import { createServer } from 'node:https'
import { text } from 'node:stream/consumers'
import type { CertificateAuthority } from '../../sandbox/serve/certificate-authority.ts'
import { unsignedFor } from '../parts/stores/start-moto.ts'

/** `moto`: `http://127.0.0.1:PORT`, where identities are not looked at. */
export async function frontMoto(
  moto: string,
  authority: CertificateAuthority,
): Promise<{ url: string; close: () => Promise<void> }> {
  const { certificate: cert, key } = await authority.issueServerCertificate()
  const server = createServer({ cert, key }, (asked, answer) => {
    passOn(moto, asked, answer).catch((fault: unknown) => answer.destroy(fault instanceof Error ? fault : undefined))
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const address = server.address()
  const close = async () => {
    server.closeAllConnections()
    server.close()
    await once(server, 'close')
  }
  return { url: `https://127.0.0.1:${typeof address === 'object' ? address?.port : ''}`, close }
}

async function passOn(moto: string, asked: IncomingMessage, answer: ServerResponse): Promise<void> {
  const { method, url = '/', headers } = asked
  const passed = request(new URL(url, moto), { method, headers: { authorization: unsignedFor('s3'), ...headers } })
  passed.end(await text(asked))
  const [found]: IncomingMessage[] = await once(passed, 'response')
  if (found === undefined) throw new TypeError('moto answered nothing')
  answer.writeHead(found.statusCode ?? 500, found.headers)
  found.pipe(answer)
}
