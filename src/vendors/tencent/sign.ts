/** Signature TC3 of a POST request with JSON. https://www.tencentcloud.com/document/product/1007/31323 */
import { createHash, createHmac } from 'node:crypto'
import type { SentRequest } from '../../http/send.ts'
import type { Redacted } from '../../text/redacted.ts'
import { rfc3339 } from '../../text/time.ts'

export interface TencentCredentials {
  readonly secretId: string
  readonly secretKey: Redacted
  /** Of a temporary key. */
  readonly token?: Redacted
}

/** The value of `authorization`. `sent`: with its content type. */
export function authorizationOf(
  sent: SentRequest,
  { secretId, secretKey }: Pick<TencentCredentials, 'secretId' | 'secretKey'>,
  { service, action }: { readonly service: string; readonly action: string },
): string {
  const { host } = new URL(sent.url)
  const seconds = Math.floor(sent.now.getTime() / 1000)
  const date = rfc3339(sent.now).slice(0, 10)
  const names = 'content-type;host;x-tc-action'
  const canonical = [
    'POST',
    '/',
    '',
    `content-type:${sent.headers['content-type'] ?? ''}`,
    `host:${host}`,
    `x-tc-action:${action.toLowerCase()}`,
    '',
    names,
    hash(sent.body),
  ].join('\n')
  const scope = `${date}/${service}/tc3_request`
  const toSign = ['TC3-HMAC-SHA256', seconds, scope, hash(canonical)].join('\n')
  const key = [date, service, 'tc3_request'].reduce<string | Buffer>(
    (from, part) => createHmac('sha256', from).update(part).digest(),
    `TC3${secretKey.reveal()}`,
  )
  const signature = createHmac('sha256', key).update(toSign).digest('hex')
  return `TC3-HMAC-SHA256 Credential=${secretId}/${scope}, SignedHeaders=${names}, Signature=${signature}`
}

const hash = (text: string) => createHash('sha256').update(text).digest('hex')
