/** Signature version 3. https://www.alibabacloud.com/help/en/sdk/product-overview/v3-request-structure-and-signature */
import { createHash, createHmac } from 'node:crypto'
import type { Context } from '../../http/context.ts'
import type { SentRequest } from '../../http/send.ts'
import type { Redacted } from '../../text/redacted.ts'
import { rfc3339 } from '../../text/time.ts'

export interface AlibabaCredentials {
  readonly accessKeyId: string
  readonly accessKeySecret: Redacted
  readonly securityToken: Redacted | undefined
}

export interface AlibabaCall {
  readonly action: string
  readonly version: string
  /** Not used before: each attempt has its own. */
  readonly nonce: string
}

export const newNonce = ({ now, random }: Pick<Context, 'now' | 'random'>): string =>
  hash(JSON.stringify([now().getTime(), random()])).slice(0, 32)

/** The headers that sign `sent`, to be added to it. Its query has to be sorted and encoded. */
export function signatureHeaders(
  sent: SentRequest,
  { accessKeyId, accessKeySecret, securityToken }: AlibabaCredentials,
  { action, version, nonce }: AlibabaCall,
): Readonly<Record<string, string | Redacted>> {
  const { host, pathname, search } = new URL(sent.url)
  const { 'content-type': contentType } = sent.headers
  const added = {
    'x-acs-action': action,
    'x-acs-content-sha256': hash(sent.body),
    'x-acs-date': rfc3339(sent.now),
    'x-acs-signature-nonce': nonce,
    'x-acs-version': version,
  }
  const signed = {
    host,
    ...added,
    ...(contentType !== undefined && { 'content-type': contentType }),
    ...(securityToken && { 'x-acs-security-token': securityToken.reveal() }),
  }
  const headers = Object.entries(signed).toSorted(([one], [other]) => (one < other ? -1 : 1))
  const names = headers.map(([name]) => name).join(';')
  const canonical = [
    sent.method,
    pathname,
    search.slice(1),
    ...headers.map(([name, value]) => `${name}:${value}`),
    '',
    names,
    hash(sent.body),
  ].join('\n')
  const signature = createHmac('sha256', accessKeySecret.reveal())
    .update(`ACS3-HMAC-SHA256\n${hash(canonical)}`)
    .digest('hex')
  return {
    ...added,
    ...(securityToken && { 'x-acs-security-token': securityToken }),
    authorization: `ACS3-HMAC-SHA256 Credential=${accessKeyId},SignedHeaders=${names},Signature=${signature}`,
  }
}

const hash = (text: string) => createHash('sha256').update(text).digest('hex')
