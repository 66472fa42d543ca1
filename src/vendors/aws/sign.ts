/** Signature Version 4 of a request without a query. https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_sigv-create-signed-request.html */
import { createHash, createHmac } from 'node:crypto'
import type { SentRequest } from '../../http/send.ts'
import type { Redacted } from '../../text/redacted.ts'

/** As STS issues them, or an operator's. */
export interface AwsCredentials {
  readonly accessKeyId: string
  readonly secretAccessKey: Redacted
  readonly sessionToken: Redacted | undefined
}

export interface SigningScope {
  /** As in the credential scope: `ecr`, `sts`. */
  readonly service: string
  readonly region: string
}

/**
 * The headers that sign `sent`, to be added to it. Signed are the content type, the host and all headers that start with `x-amz-`;
 * other headers are not, since intermediaries may change them.
 */
export function signatureHeaders(
  sent: SentRequest,
  credentials: AwsCredentials,
  { service, region }: SigningScope,
): Readonly<Record<string, string | Redacted>> {
  const { accessKeyId, secretAccessKey, sessionToken } = credentials
  const url = new URL(sent.url)
  if (url.search !== '') throw new TypeError('a query is not signed')
  const time = sent.now.toISOString().replaceAll(/[-:]|\.\d{3}/g, '')
  const date = time.slice(0, 8)
  const headers: Readonly<Record<string, string>> = {
    ...Object.fromEntries(Object.entries(sent.headers).filter(([name]) => isSigned(name))),
    host: url.host,
    'x-amz-date': time,
    ...(sessionToken && { 'x-amz-security-token': sessionToken.reveal() }),
  }
  const names = Object.keys(headers).toSorted()
  const signed = names.join(';')
  const request = [
    sent.method,
    url.pathname,
    '',
    ...names.map((name) => `${name}:${headers[name]?.trim().replaceAll(/ +/g, ' ')}`),
    '',
    signed,
    hash(sent.body),
  ].join('\n')
  const scope = `${date}/${region}/${service}/aws4_request`
  const toSign = ['AWS4-HMAC-SHA256', time, scope, hash(request)].join('\n')
  const key = [date, region, service, 'aws4_request'].reduce<string | Buffer>(
    (from, part) => createHmac('sha256', from).update(part).digest(),
    `AWS4${secretAccessKey.reveal()}`,
  )
  const signature = createHmac('sha256', key).update(toSign).digest('hex')
  return {
    'x-amz-date': time,
    ...(sessionToken && { 'x-amz-security-token': sessionToken }),
    authorization: `AWS4-HMAC-SHA256 Credential=${accessKeyId}/${scope}, SignedHeaders=${signed}, Signature=${signature}`,
  }
}

const isSigned = (name: string) => name === 'content-type' || name.startsWith('x-amz-')

const hash = (text: string) => createHash('sha256').update(text).digest('hex')
