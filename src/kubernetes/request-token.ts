/**
 * A token of a service account, for one audience, by TokenRequest.
 * https://kubernetes.io/docs/reference/kubernetes-api/authentication-resources/token-request-v1/
 */

import type { NamespacedName } from '../document/namespaced-name.ts'
import { asObject, asText } from '../outside/json-fields.ts'
import { type Fault, PullpassError } from '../outside/pullpass-error.ts'
import { Redacted } from '../outside/redacted.ts'
import { absentAccount } from './absent-account.ts'
import type { Asked } from './asked.ts'
import type { Cluster, ClusterAnswer } from './cluster.ts'
import { malformed, readAnswer } from './read-answer.ts'
import { readStatus } from './read-status.ts'

export interface TokenWanted {
  readonly audience: string
  /** Seconds; the API server grants no less than 600, and may grant less than is asked. */
  readonly lifeSeconds: number
}

export interface RequestedToken {
  readonly value: Redacted
  readonly expiresAt: Date
}

const shortestSeconds = 600

/** The token is real, in a dry run too: TokenRequest knows none. @throws TOKEN_REQUEST_REFUSED */
export async function requestToken(
  cluster: Cluster,
  account: NamespacedName,
  wanted: TokenWanted,
): Promise<RequestedToken> {
  const { namespace, name } = account
  const expirationSeconds = Math.max(shortestSeconds, Math.ceil(wanted.lifeSeconds))
  const answer = await cluster.request({
    method: 'POST',
    path: `/api/v1/namespaces/${encodeURIComponent(namespace)}/serviceaccounts/${encodeURIComponent(name)}/token`,
    contentType: 'application/json',
    body: JSON.stringify({
      apiVersion: 'authentication.k8s.io/v1',
      kind: 'TokenRequest',
      spec: { audiences: [wanted.audience], expirationSeconds },
    }),
  })
  if (answer.status !== 201) {
    throw refused(cluster, answer, { verb: 'create', resource: 'serviceaccounts/token', name, namespace })
  }
  return readToken(cluster, answer)
}

function readToken(cluster: Cluster, answer: ClusterAnswer): RequestedToken {
  const status = asObject(readAnswer(cluster, answer)['status'])
  const token = asText(status?.['token'])
  const expiresAt = new Date(asText(status?.['expirationTimestamp']) ?? Number.NaN)
  if (!token || Number.isNaN(expiresAt.getTime())) {
    throw malformed(cluster.server, answer.status, Buffer.byteLength(answer.body))
  }
  const value = new Redacted(token)
  cluster.secrets.add(value)
  return { value, expiresAt }
}

/** What is wrong with the account or the right to it is wrong with this request; a lost connection is not. */
function refused(cluster: Cluster, answer: ClusterAnswer, asked: Asked): PullpassError {
  const fault = readStatus(cluster, answer, asked)
  if (![400, 403, 404, 422].includes(answer.status) || fault.code === 'ANSWER_MALFORMED') return fault
  const words = wordsOf(answer, asked, fault)
  return new PullpassError({ code: 'TOKEN_REQUEST_REFUSED', hop: 'subject-token', ...words, cause: fault })
}

function wordsOf(
  { status }: ClusterAnswer,
  { namespace = '', name = '' }: Asked,
  { code, seen, expected, hint }: PullpassError,
): Pick<Fault, 'seen' | 'expected' | 'hint'> {
  if (status !== 404) return { seen, expected, hint }
  const absent = absentAccount({ namespace, name }, code === 'NAMESPACE_MISSING' ? 'namespace' : 'account')
  return {
    seen: `${absent.seen}, so that no token can be requested for ${absent.missing === 'account' ? 'it' : `ServiceAccount ${name} in it`}`,
    expected: 'the service account that spec.serviceAccountRef names',
    hint: `${absent.command}, or correct the reference`,
  }
}
