/** A minimal HTTP/2 client: requests over one connection with limited concurrency (RFC 9113). */
import { type ClientHttp2Session, connect } from 'node:http2'

export interface Http2Server {
  /** `https://127.0.0.1:PORT` */
  readonly server: string
  /** PEM. */
  readonly authority: string
  readonly token: string
}

export interface Http2Request {
  readonly method: string
  readonly path: string
  readonly contentType?: string
  readonly body?: string
}

/** Rejects on the first response with status 300 or higher. */
export async function sendAll(
  { server, authority, token }: Http2Server,
  requests: readonly Http2Request[],
  concurrency: number,
): Promise<void> {
  const session = connect(server, { ca: authority })
  const queue = requests.values() // shared: each worker takes the next
  const worker = async () => {
    for (const request of queue) await sendOne(session, `Bearer ${token}`, request)
  }
  try {
    await Promise.all(Array.from({ length: Math.min(concurrency, requests.length) }, worker))
  } finally {
    session.destroy()
  }
}

function sendOne(session: ClientHttp2Session, authorization: string, request: Http2Request): Promise<void> {
  const { method, path, contentType = 'application/json', body } = request
  const stream = session.request({
    ':method': method,
    ':path': path,
    authorization,
    'content-type': contentType,
    accept: 'application/json;as=PartialObjectMetadata;g=meta.k8s.io;v=v1',
  })
  stream.end(body)
  return new Promise((resolve, reject) => {
    let status = 0
    stream.on('response', (headers) => {
      status = headers[':status'] ?? 0
    })
    stream.on('data', () => {})
    stream.on('error', reject)
    stream.on('end', () => {
      if (status > 0 && status < 300) resolve()
      else reject(new Error(`${method} ${path} failed with status ${status}`))
    })
  })
}
