/**
 * What the APIs of Yandex Cloud have in common: the operator's IAM token, errors, lists by pages, and operations.
 * An error is a google.rpc.Status: https://yandex.cloud/docs/api-design-guide/concepts/errors. Of the texts of messages, only that
 * of an invalid token is documented.
 */
import { randomBytes } from 'node:crypto'
import type { SandboxHandler, SandboxRequest, SandboxResponse } from '../serve/handler.ts'
import { newId } from './cloud-state.ts'

const operatorActions = [
  'iam.serviceAccounts.get',
  'iam.federatedCredentials.list',
  'iam.federatedCredentials.create',
  'iam.federatedCredentials.delete',
  'iam.workloadIdentityFederations.get',
  'iam.workloadIdentityFederations.create',
  'iam.workloadIdentityFederations.update',
  'iam.workloadIdentityFederations.delete',
  'iam.workloadIdentityFederations.use',
  'container-registry.get',
  'container-registry.listAccessBindings',
  'container-registry.updateAccessBindings',
] as const

export type OperatorAction = (typeof operatorActions)[number]

/** Who may configure trust. */
export interface Operator {
  /** Its IAM token. */
  readonly token: string
  /** Tests remove one. */
  readonly allowed: Set<OperatorAction>
  /** Whether the token is valid. */
  state: 'valid' | 'expired'
}

export const createOperator = (): Operator => ({
  token: `t1.${randomBytes(24).toString('base64url')}.${randomBytes(64).toString('base64url')}`,
  allowed: new Set(operatorActions),
  state: 'valid',
})

/** The HTTP status of each gRPC code: see the table on that page. */
const statuses = { 3: 400, 5: 404, 6: 409, 7: 403, 8: 429, 9: 400, 16: 401 } as const

const apiError = (code: keyof typeof statuses, message: string): SandboxResponse => ({
  status: statuses[code],
  body: {
    code,
    message,
    details: [{ '@type': 'type.googleapis.com/google.rpc.RequestInfo', requestId: randomBytes(8).toString('hex') }],
  },
})

export const notFound = (what: string): SandboxResponse => apiError(5, `${what} not found`)
export const invalid = (what: string): SandboxResponse => apiError(3, `${what}: Illegal argument`)
export const alreadyExists = (what: string): SandboxResponse => apiError(6, `${what} already exists`)

export interface ApiCall extends Pick<SandboxRequest, 'method' | 'path' | 'query'> {
  readonly fields: Readonly<Record<string, unknown>>
  /** Undefined where the operator may do it. */
  readonly refusal: (action: OperatorAction, resource: string) => SandboxResponse | undefined
}

/**
 * `call`: of an operator whose token is valid; undefined: there is no such method. A request with the `Idempotency-Key` of an earlier
 * one returns the operation of that one. https://yandex.cloud/docs/api-design-guide/concepts/idempotency
 */
export function apiOf(operator: Operator, call: (call: ApiCall) => SandboxResponse | undefined): SandboxHandler {
  const started = new Map<string, SandboxResponse>()
  return ({ method, path, query, headers, body }) => {
    const key = headers['idempotency-key'] ?? ''
    const isValid = headers['authorization'] === `Bearer ${operator.token}` && operator.state === 'valid'
    if (!isValid) return apiError(16, 'Token is invalid or has expired.')
    const refusal: ApiCall['refusal'] = (action, resource) =>
      operator.allowed.has(action) ? undefined : apiError(7, `Permission denied to ${resource}`)
    const fields = readFields(body)
    if (fields === undefined) return invalid('request body')
    const response = started.get(key) ?? call({ method, path, query, fields, refusal }) ?? { status: 404, body: '' }
    if (key !== '' && response.status === 200) started.set(key, response)
    return response
  }
}

function readFields(body: Buffer): Record<string, unknown> | undefined {
  if (body.length === 0) return {}
  try {
    const value: unknown = JSON.parse(body.toString())
    return typeof value === 'object' && value !== null ? { ...value } : undefined
  } catch {
    return undefined
  }
}

/** At most `pageSize` items (100 by default), and the token of the next page. */
export function listPage(field: string, items: readonly object[], query: URLSearchParams): SandboxResponse {
  const size = Number(query.get('pageSize') ?? 100)
  const start = Number(query.get('pageToken') ?? 0)
  if (!(size >= 0 && size <= 1000)) return invalid('page_size')
  const end = start + (size || 100)
  const next = end < items.length ? { nextPageToken: String(end) } : {}
  return { status: 200, body: { [field]: items.slice(start, end), ...next } }
}

export interface Operations {
  /** The response to a change that was made. */
  readonly start: (description: string, response: object) => SandboxResponse
  /** Reads of an operation until it is done. */
  reads: number
  readonly handle: (call: ApiCall) => SandboxResponse | undefined
}

export function createOperations(now: () => Date): Operations {
  const started = new Map<string, { readonly operation: object; readonly response: object; left: number }>()
  const operations: Operations = {
    reads: 0,
    start(description, response) {
      const id = newId('aje')
      const operation = { id, description, createdAt: now().toISOString() }
      started.set(id, { operation, response, left: operations.reads })
      return stateOf(id)
    },
    handle({ method, path }) {
      const [, id = ''] = /^\/operations\/([^/:]+)$/.exec(path) ?? []
      const found = started.get(id)
      if (method !== 'GET' || found === undefined) return notFound(`Operation ${id}`)
      found.left -= 1
      return stateOf(id)
    },
  }
  const stateOf = (id: string): SandboxResponse => {
    const { operation, response, left } = started.get(id) ?? { operation: {}, response: {}, left: 0 }
    return { status: 200, body: left > 0 ? operation : { ...operation, done: true, response } }
  }
  return operations
}

export const textOf = (value: unknown): string => (typeof value === 'string' ? value : '')
