/**
 * The form of Tencent Cloud's APIs 3.0: one path, the action in a header, JSON, and errors with the status 200. Requests are signed
 * by TC3-HMAC-SHA256, except with `authorization: SKIP`.
 * https://www.tencentcloud.com/document/product/598/32225 https://www.tencentcloud.com/document/product/598/32231
 */
import { createHash, createHmac, randomBytes, timingSafeEqual } from 'node:crypto'
import { jsonOf } from '../issuer/federated-service.ts'
import type { SandboxHandler, SandboxRequest, SandboxResponse } from '../serve/handler.ts'

export class TencentRefusal extends Error {
  readonly code: string

  constructor(code: string, message: string) {
    super(message)
    this.code = code
  }
}

interface Principal {
  readonly arn: string
  /** Name of the role whose session it is; undefined for a user. */
  readonly role?: string
}

interface AccessKey {
  readonly secret: string
  readonly token?: string
  readonly expiresAt?: Date
  readonly principal: Principal
}

export interface AccessKeys {
  readonly find: (id: string) => AccessKey | undefined
  /** Of a user: it does not expire. */
  readonly putUser: (id: string, secret: string, principal: Principal) => void
  readonly issue: (
    principal: Principal,
    expiresAt: Date,
  ) => { readonly id: string; readonly secret: string; readonly token: string }
}

export function createAccessKeys(): AccessKeys {
  const keys = new Map<string, AccessKey>()
  const random = () => randomBytes(24).toString('base64url')
  return {
    find: (id) => keys.get(id),
    putUser: (id, secret, principal) => void keys.set(id, { secret, principal }),
    issue(principal, expiresAt) {
      const [id, secret, token] = [`AKID${randomBytes(8).toString('hex')}`, random(), random()]
      keys.set(id, { secret, token, expiresAt, principal })
      return { id, secret, token }
    },
  }
}

export interface ApiCall {
  readonly body: Readonly<Record<string, unknown>>
  readonly headers: SandboxRequest['headers']
  /** @throws TencentRefusal unless the request is signed for the service */
  readonly caller: () => Principal
  /** A required text. @throws TencentRefusal */
  readonly text: (name: string) => string
}

type ApiAction = (call: ApiCall) => object | Promise<object>

export interface Api {
  readonly service: string
  readonly version: string
  readonly actions: Readonly<Record<string, ApiAction>>
}

/** Several services on one socket; an action names its service. */
export function tencentApi(apis: readonly Api[], keys: AccessKeys, now: () => Date): SandboxHandler {
  return async (request) => {
    try {
      const name = request.headers['x-tc-action'] ?? ''
      const api = apis.find(({ actions }) => Object.hasOwn(actions, name))
      const run = api?.actions[name]
      if (api === undefined || run === undefined)
        throw new TencentRefusal('InvalidAction', `The action ${name} does not exist.`)
      if (request.headers['x-tc-version'] !== api.version)
        throw new TencentRefusal('NoSuchVersion', 'The API version does not exist.')
      return respond(await run(callOf(request, api.service, { keys, now: now() })))
    } catch (error) {
      if (error instanceof TencentRefusal) return respond({ Error: { Code: error.code, Message: error.message } })
      throw error
    }
  }
}

const respond = (fields: object): SandboxResponse => ({
  status: 200,
  body: { Response: { ...fields, RequestId: 'ed93f3cb-f35e-473f-b9f3-0d451b8b79c6' } },
})

interface Verifying {
  readonly keys: AccessKeys
  readonly now: Date
}

function callOf(request: SandboxRequest, service: string, verifying: Verifying): ApiCall {
  const body = jsonOf(request)
  return {
    body,
    headers: request.headers,
    caller: () => verifySignature(request, service, verifying),
    text(name) {
      const value = body[name]
      if (typeof value === 'string' && value !== '') return value
      throw new TencentRefusal('MissingParameter', `The request is missing a required parameter ${name}.`)
    },
  }
}

const form =
  /^TC3-HMAC-SHA256 Credential=([A-Za-z0-9]{10,128})\/(\d{4}-\d\d-\d\d)\/([a-z0-9-]+)\/tc3_request, ?SignedHeaders=([a-z0-9;-]+), ?Signature=([0-9a-f]{64})$/
const toleratedSeconds = 300

/** https://www.tencentcloud.com/document/product/598/32225 */
function verifySignature({ headers, body }: SandboxRequest, service: string, { keys, now }: Verifying): Principal {
  const [, id = '', date = '', scope, names = '', signature = ''] = form.exec(headers['authorization'] ?? '') ?? []
  const list = names.split(';')
  if (scope !== service || !list.includes('content-type') || !list.includes('host'))
    throw new TencentRefusal('AuthFailure.InvalidAuthorization', 'Authorization in the request header is invalid.')
  const seconds = Number(headers['x-tc-timestamp'])
  if (!(Math.abs(now.getTime() / 1000 - seconds) <= toleratedSeconds))
    throw new TencentRefusal('AuthFailure.SignatureExpire', 'The signature has expired.')
  const key = keys.find(id)
  if (key === undefined)
    throw new TencentRefusal(
      'AuthFailure.SecretIdNotFound',
      'The SecretId is not found, please ensure that it is right.',
    )
  if ((key.token ?? '') !== (headers['x-tc-token'] ?? '') || (key.expiresAt !== undefined && key.expiresAt <= now))
    throw new TencentRefusal('AuthFailure.TokenFailure', 'The token is not valid.')
  const lines = list.map((name) => `${name}:${(headers[name] ?? '').trim().toLowerCase()}\n`).join('')
  const canonical = ['POST', '/', '', lines, names, sha256(body)].join('\n')
  const toSign = ['TC3-HMAC-SHA256', seconds, `${date}/${service}/tc3_request`, sha256(canonical)].join('\n')
  const signing = hmac(hmac(hmac(`TC3${key.secret}`, date), service), 'tc3_request')
  const isSigned = timingSafeEqual(hmac(signing, toSign), Buffer.from(signature, 'hex'))
  if (isSigned && new Date(seconds * 1000).toISOString().startsWith(date)) return key.principal
  throw new TencentRefusal(
    'AuthFailure.SignatureFailure',
    'The provided credentials could not be validated. Please check your signature is correct.',
  )
}

const sha256 = (content: string | Buffer) => createHash('sha256').update(content).digest('hex')
const hmac = (key: string | Buffer, text: string) => createHmac('sha256', key).update(text).digest()
