/**
 * Verifies Signature Version 4, of POST requests without a query.
 * https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_sigv-troubleshooting.html
 */
import { createHash, createHmac, timingSafeEqual } from 'node:crypto'
import type { SandboxRequest } from '../serve/handler.ts'
import type { AccessKeys, Principal } from './access-keys.ts'

export interface Verification {
  readonly keys: Pick<AccessKeys, 'find'>
  readonly now: Date
  readonly service: string
  /** Of the endpoints that this server is. */
  readonly regions: readonly string[]
}

export interface SignatureFault {
  /** Services name one fault differently. */
  readonly kind: 'missing' | 'incomplete' | 'unknown key' | 'expired key' | 'wrong' | 'scope'
  readonly message: string
}

const form =
  /^AWS4-HMAC-SHA256 Credential=([A-Z0-9]{16,128})\/(\d{8})\/([a-z0-9-]+)\/([a-z0-9-]+)\/aws4_request, ?SignedHeaders=([a-z0-9;-]+), ?Signature=([0-9a-f]{64})$/
const toleratedMs = 15 * 60_000

/** Who signed the request. */
export function verifySignature(
  { method, path, query, headers, body }: SandboxRequest,
  { keys, now, service, regions }: Verification,
): Principal | SignatureFault {
  const authorization = headers['authorization']
  if (authorization === undefined) return { kind: 'missing', message: 'Request is missing Authentication Token' }
  const [, id, date, region = '', scopeService, signedNames, signature] = form.exec(authorization) ?? []
  const time = /^(\d{4})(\d\d)(\d\d)T(\d\d)(\d\d)(\d\d)Z$/.exec(headers['x-amz-date'] ?? '')
  if (id === undefined || date === undefined || signedNames === undefined || signature === undefined || time === null)
    return { kind: 'incomplete', message: 'Authorization header is incomplete' }
  const [stamp, year, month, day, hour, minute, second] = time
  const signedAt = new Date(`${year}-${month}-${day}T${hour}:${minute}:${second}Z`)
  const names = signedNames.split(';')
  const unsigned = Object.keys(headers).find((name) => name.startsWith('x-amz-') && !names.includes(name))
  if (!names.includes('host') || unsigned !== undefined || !stamp.startsWith(date) || query.size > 0)
    return { kind: 'incomplete', message: `'${unsigned ?? 'host'}' must be a signed header` }
  if (scopeService !== service || !regions.includes(region))
    return { kind: 'scope', message: `Credential should be scoped to correct service: '${service}'.` }
  const key = keys.find(id)
  if (key === undefined || (key.sessionToken ?? '') !== (headers['x-amz-security-token'] ?? ''))
    return { kind: 'unknown key', message: 'The security token included in the request is invalid.' }
  const shown = (at: Date) => at.toISOString().replaceAll(/[-:]|\.\d{3}/g, '')
  if (signedAt.getTime() < now.getTime() - toleratedMs)
    return {
      kind: 'wrong',
      message: `Signature expired: ${shown(signedAt)} is now earlier than ${shown(new Date(now.getTime() - toleratedMs))} (${shown(now)} - 15 min.)`,
    }
  if (signedAt.getTime() > now.getTime() + toleratedMs)
    return {
      kind: 'wrong',
      message: `Signature not yet current: ${shown(signedAt)} is still later than ${shown(new Date(now.getTime() + toleratedMs))} (${shown(now)} + 15 min.)`,
    }
  const canonical = `${method}\n${path}\n\n${names.map((name) => `${name}:${headers[name] ?? ''}\n`).join('')}\n${signedNames}\n${sha256(body)}`
  const toSign = `AWS4-HMAC-SHA256\n${stamp}\n${date}/${region}/${service}/aws4_request\n${sha256(canonical)}`
  const derived = hmac(hmac(hmac(hmac(`AWS4${key.secret}`, date), region), service), 'aws4_request')
  if (!timingSafeEqual(hmac(derived, toSign), Buffer.from(signature, 'hex')))
    return {
      kind: 'wrong',
      message:
        'The request signature we calculated does not match the signature you provided. Check your AWS Secret Access Key and signing method. Consult the service documentation for details.',
    }
  if (key.expiresAt !== undefined && key.expiresAt <= now)
    return { kind: 'expired key', message: 'The security token included in the request is expired' }
  return key.principal
}

const sha256 = (content: string | Buffer) => createHash('sha256').update(content).digest('hex')
const hmac = (key: string | Buffer, text: string) => createHmac('sha256', key).update(text).digest()
