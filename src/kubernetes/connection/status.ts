/** The Status that the API server sends with a refusal: its fields, and what it states only in its message. */

import type { KubernetesRefusal } from '../../errors/pullpass-error.ts'
import { asList, asObject, asText, jsonOrNone } from '../../text/json-fields.ts'
import type { ClusterResponse } from './cluster.ts'

/** https://kubernetes.io/docs/reference/kubernetes-api/common-definitions/status/ */
export interface Status {
  /** `Forbidden`, `Conflict`, …; empty if there is none. */
  readonly reason: string
  readonly message: string
  readonly causes: readonly StatusCause[]
}

interface StatusCause {
  readonly reason: string
  readonly field: string
  readonly message: string
}

const mostCauses = 100

/** Undefined if the response is not one of the API server. */
export function parseStatus({ body }: Pick<ClusterResponse, 'body'>): Status | undefined {
  const object = asObject(jsonOrNone(body))
  if (object?.['kind'] !== 'Status') return undefined
  return {
    reason: asText(object['reason']) ?? '',
    message: asText(object['message']) ?? '',
    causes: asList(asObject(object['details'])?.['causes']).slice(0, mostCauses).map(causeOf),
  }
}

/**
 * Whether the object would exceed what etcd stores, 1.5 MiB by default: the same request fails again. The API server classifies
 * neither refusal: 500 without a reason, and only the message of etcd, or of its client, states the reason.
 * https://etcd.io/docs/v3.5/dev-guide/limit/
 */
export function isTooLargeToStore(response: Pick<ClusterResponse, 'status' | 'body'>): boolean {
  if (response.status !== 500 || response.body.length > longestRefusal) return false
  const { message = '' } = parseStatus(response) ?? {}
  return message === 'etcdserver: request is too large' || message.includes('trying to send message larger than max')
}

/** Characters; either message has about 200. */
const longestRefusal = 4_096

function causeOf(value: unknown): StatusCause {
  const { reason, field, message } = asObject(value) ?? {}
  return { reason: asText(reason) ?? '', field: asText(field) ?? '', message: asText(message) ?? '' }
}

// What a Status states in fields.

export const has = ({ causes }: Status, field: string): boolean => causes.some((cause) => cause.field === field)

/** Immutability is the only rule that forbids a value of these fields. */
export const isFrozen = ({ causes }: Pick<Status, 'causes'>): boolean =>
  causes.some(({ field, reason }) => ['data', 'immutable'].includes(field) && reason === 'FieldValueForbidden')

const mostManagers = 10

/** `conflict with "kubectl-create" using v1`, with the operation after the name in some versions. */
export function conflictingManagers(causes: readonly StatusCause[]): string[] {
  const conflicts = causes.filter(({ reason }) => reason === 'FieldManagerConflict')
  const names = conflicts.map(({ message }) => /conflict with "([^"]*)"/.exec(message)?.[1] ?? 'another field manager')
  return [...new Set(names)].slice(0, mostManagers)
}

// What it states only in its message.

export const isMissingNamespace = ({ message }: Status): boolean => /^namespaces "[^"]*" not found/.test(message)

/** A refusal by RBAC or another authorizer: `User "NAME" cannot get resource …`, or `… path "/openid/v1/jwks"`. */
export interface Denial {
  readonly user: string
  readonly verb: string
  readonly of: 'resource' | 'path'
}

export function parseDenial(message: string): Denial | undefined {
  const [, user, verb, of] = /User "([^"]*)" cannot ([a-z]+) (resource|path)/.exec(message) ?? []
  if (user === undefined || verb === undefined) return undefined
  return { user, verb, of: of === 'path' ? 'path' : 'resource' }
}

/** The credential was not accepted, or none was sent: anonymous requests are authorized like others. */
export const isAnonymous = ({ user }: Denial): boolean => user === 'system:anonymous'

/**
 * The quota, policy or webhook that refused a request at admission: no field of a Status names it.
 * https://kubernetes.io/docs/reference/access-authn-authz/validating-admission-policy/
 * https://kubernetes.io/docs/reference/access-authn-authz/extensible-admission-controllers/
 * https://kubernetes.io/docs/concepts/policy/resource-quotas/
 */
export interface Admission {
  /**
   * `webhook in dry runs`: it has side effects, so that the API server refuses dry runs.
   * `webhook down`: it could not be called, or did not respond in time.
   */
  readonly kind: 'policy' | 'webhook' | 'webhook in dry runs' | 'webhook down' | 'quota'
  readonly name: string
}

const patterns: readonly (readonly [Admission['kind'], RegExp])[] = [
  ['webhook in dry runs', /admission webhook "([^"]{1,253})" does not support dry run/],
  ['webhook down', /failed calling webhook "([^"]{1,253})"/],
  ['webhook', /admission webhook "([^"]{1,253})" denied the request/],
  ['policy', /ValidatingAdmissionPolicy '([^']{1,253})'/],
  ['quota', /exceeded quota: ([a-z0-9.-]{1,253}),/],
]

/** Characters. */
const longestMessage = 4096

export function parseRefuser(message: string): Admission | undefined {
  const text = message.slice(0, longestMessage)
  for (const [kind, pattern] of patterns) {
    const name = pattern.exec(text)?.[1]
    if (name !== undefined) return { kind, name }
  }
  return undefined
}

/** The permission without which a policy of pullpass refuses the request; its message is the only place that names it. */
export function parseRequiredVerb(message: string): KubernetesRefusal | undefined {
  const [, verb, resource] =
    /requires the verb ([a-z]{1,63}) on ([a-z.]{1,253})/.exec(message.slice(0, longestMessage)) ?? []
  return verb === undefined || resource === undefined ? undefined : { kind: 'verb-required', verb, resource }
}
