/**
 * Alibaba Cloud's RPC protocol: an action by header or query, parameters in the query or as a form, signature version 3.
 * A nonce may repeat: the runs of tests have one clock and one random number.
 * https://www.alibabacloud.com/help/en/sdk/product-overview/v3-request-structure-and-signature
 */
import { createHash, createHmac, timingSafeEqual } from 'node:crypto'
import type { SandboxHandler, SandboxRequest, SandboxResponse } from '../serve/handler.ts'
import type { AccessKey, Account, Principal } from './account.ts'

/** Thrown by an action. */
export class RpcRefusal extends Error {
  readonly code: string
  readonly status: number

  constructor(status: number, code: string, message: string) {
    super(message)
    this.code = code
    this.status = status
  }
}

export interface RpcCall {
  readonly request: SandboxRequest
  readonly fields: URLSearchParams
  /** @throws RpcRefusal for an absent one */
  readonly field: (name: string) => string
  /** Who signed the request. @throws RpcRefusal */
  readonly caller: () => Principal
}

export type RpcAction = (call: RpcCall) => object | Promise<object>

export interface RpcNeeds {
  readonly account: Account
  readonly now: () => Date
}

/** Actions by the version of their service, then by name. */
export type RpcServices = Readonly<Record<string, Readonly<Record<string, RpcAction>>>>

export const rpcApi =
  (services: RpcServices, needs: RpcNeeds): SandboxHandler =>
  async (request) => {
    try {
      const { query, headers, body } = request
      const isForm = headers['content-type']?.startsWith('application/x-www-form-urlencoded') === true
      const fields = new URLSearchParams([...query, ...(isForm ? new URLSearchParams(body.toString()) : [])])
      const version = headers['x-acs-version'] ?? query.get('Version') ?? ''
      const name = headers['x-acs-action'] ?? query.get('Action') ?? ''
      const action = services[version]?.[name]
      if (action === undefined)
        throw new RpcRefusal(
          404,
          'InvalidAction.NotFound',
          'Specified api is not found, please check your url and method.',
        )
      const call = { request, fields, field: fieldOf(fields), caller: () => callerOf(request, needs) }
      return { status: 200, body: { RequestId: requestId, ...(await action(call)) } }
    } catch (error) {
      if (!(error instanceof RpcRefusal)) throw error
      const { code, message, status } = error
      return respond(status, { RequestId: requestId, HostId: request.headers['host'], Code: code, Message: message })
    }
  }

const requestId = '5D0F3E0A-6F0E-5B7C-9D5B-2F1B7F6F9A01'

const respond = (status: number, body: object): SandboxResponse => ({ status, body })

const fieldOf = (fields: URLSearchParams) => (name: string) => {
  const value = fields.get(name)
  if (value) return value
  throw new RpcRefusal(400, `Missing${name}`, `${name} is mandatory for this action.`)
}

const form = /^ACS3-HMAC-SHA256 Credential=([^,]+),SignedHeaders=([a-z0-9;-]+),Signature=([0-9a-f]{64})$/
const toleratedMs = 15 * 60_000

function callerOf(request: SandboxRequest, { account, now }: RpcNeeds): Principal {
  const { headers, body } = request
  const [, id, signedNames, signature] = form.exec(headers['authorization'] ?? '') ?? []
  if (id === undefined || signedNames === undefined || signature === undefined)
    throw new RpcRefusal(400, 'MissingAuthorization', 'Authorization is mandatory for this action.')
  const key = account.keys.get(id)
  if (key === undefined) throw new RpcRefusal(404, 'InvalidAccessKeyId.NotFound', 'Specified access key is not found.')
  const names = signedNames.split(';')
  const mustBeSigned = ['host', ...Object.keys(headers).filter((name) => name.startsWith('x-acs-'))]
  const isComplete = mustBeSigned.every((name) => names.includes(name))
  if (!isComplete || headers['x-acs-content-sha256'] !== sha256(body) || !isSigned(request, names, signature, key))
    throw new RpcRefusal(400, 'SignatureDoesNotMatch', 'Specified signature does not match our calculation.')
  checkSession(key, headers['x-acs-security-token'], now())
  const offMs = Math.abs(Date.parse(headers['x-acs-date'] ?? '') - now().getTime())
  if (!(offMs <= toleratedMs))
    throw new RpcRefusal(400, 'InvalidTimeStamp.Expired', 'Specified time stamp or date value is expired.')
  return key.principal
}

function isSigned(
  { method, path, query, headers, body }: SandboxRequest,
  names: readonly string[],
  signature: string,
  { secret }: AccessKey,
): boolean {
  const sorted = [...query].toSorted(([one], [other]) => (one < other ? -1 : 1))
  const lines = names.map((name) => `${name}:${(headers[name] ?? '').trim()}\n`).join('')
  const canonical = [
    method,
    path,
    sorted.map(([name, value]) => `${escapeAll(name)}=${escapeAll(value)}`).join('&'),
    lines,
    names.join(';'),
    sha256(body),
  ].join('\n')
  const expected = createHmac('sha256', secret)
    .update(`ACS3-HMAC-SHA256\n${sha256(canonical)}`)
    .digest()
  return timingSafeEqual(expected, Buffer.from(signature, 'hex'))
}

function checkSession({ securityToken, expiresAt }: AccessKey, sent: string | undefined, now: Date): void {
  if (securityToken === undefined) return
  if (sent === undefined)
    throw new RpcRefusal(400, 'MissingSecurityToken', 'SecurityToken is mandatory for this action.')
  if (sent !== securityToken)
    throw new RpcRefusal(400, 'InvalidSecurityToken.Malformed', 'Specified SecurityToken is malformed.')
  if (expiresAt !== undefined && expiresAt <= now)
    throw new RpcRefusal(400, 'InvalidSecurityToken.Expired', 'Specified SecurityToken is expired.')
}

/** RFC 3986 §2.3 */
const escapeAll = (text: string) =>
  encodeURIComponent(text).replaceAll(/[!'()*]/g, (one) => `%${one.charCodeAt(0).toString(16).toUpperCase()}`)

const sha256 = (content: string | Buffer) => createHash('sha256').update(content).digest('hex')
