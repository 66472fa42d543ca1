/**
 * The Status that the API server sends with a refusal.
 * https://kubernetes.io/docs/reference/kubernetes-api/common-definitions/status/
 */

import { asList, asObject, asText, jsonOrNone } from '../outside/json-fields.ts'
import type { ClusterAnswer } from './cluster.ts'

export interface Status {
  /** A word: `Forbidden`, `Conflict`; empty where there is none. */
  readonly reason: string
  readonly message: string
  readonly causes: readonly StatusCause[]
}

export interface StatusCause {
  readonly reason: string
  readonly field: string
  readonly message: string
}

const mostCauses = 100

/** Undefined where the answer is none of the API server's. */
export function parseStatus({ body }: Pick<ClusterAnswer, 'body'>): Status | undefined {
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
 * neither refusal: 500 without a reason, and only the message of etcd, or of its client, says why.
 * https://etcd.io/docs/v3.5/dev-guide/limit/
 */
export function isTooLargeToStore(answer: Pick<ClusterAnswer, 'status' | 'body'>): boolean {
  if (answer.status !== 500 || answer.body.length > longestRefusal) return false
  const { message = '' } = parseStatus(answer) ?? {}
  return message === 'etcdserver: request is too large' || message.includes('trying to send message larger than max')
}

/** Characters; either refusal takes 200. */
const longestRefusal = 4_096

function causeOf(value: unknown): StatusCause {
  const { reason, field, message } = asObject(value) ?? {}
  return { reason: asText(reason) ?? '', field: asText(field) ?? '', message: asText(message) ?? '' }
}
