/**
 * A token of a service account, for one audience, by TokenRequest.
 * https://kubernetes.io/docs/reference/kubernetes-api/authentication-resources/token-request-v1/
 */
import type { NamespacedName } from '../../document/document.ts'
import { type Fault, PullpassError } from '../../errors/pullpass-error.ts'
import { asObject, asText } from '../../text/json-fields.ts'
import { Redacted } from '../../text/redacted.ts'
import { shellOperand } from '../../text/shell.ts'
import { type KubernetesCall, readStatus } from '../connection/api-error.ts'
import type { Cluster, ClusterResponse } from '../connection/cluster.ts'
import { malformed, readResponse } from '../connection/response.ts'
import { metadataOfOne } from './list.ts'

export interface TokenRequest {
  readonly audience: string
  /** Seconds; the API server grants no less than 600, and may grant less than requested. */
  readonly lifeSeconds: number
  /** What names the account, for messages: a field, or a flag. */
  readonly namedBy: string
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
  tokenRequest: TokenRequest,
): Promise<RequestedToken> {
  const { namespace, name } = account
  const expirationSeconds = Math.max(shortestSeconds, Math.ceil(tokenRequest.lifeSeconds))
  const response = await cluster.request({
    method: 'POST',
    path: `/api/v1/namespaces/${encodeURIComponent(namespace)}/serviceaccounts/${encodeURIComponent(name)}/token`,
    contentType: 'application/json',
    body: JSON.stringify({
      apiVersion: 'authentication.k8s.io/v1',
      kind: 'TokenRequest',
      spec: { audiences: [tokenRequest.audience], expirationSeconds },
    }),
  })
  if (response.status !== 201) {
    const call = { verb: 'create', resource: 'serviceaccounts/token', name, namespace } as const
    throw refused(cluster, response, call, tokenRequest.namedBy)
  }
  return readToken(cluster, response)
}

function readToken(cluster: Cluster, response: ClusterResponse): RequestedToken {
  const status = asObject(readResponse(cluster, response)['status'])
  const token = asText(status?.['token'])
  const expiresAt = new Date(asText(status?.['expirationTimestamp']) ?? Number.NaN)
  if (!token || Number.isNaN(expiresAt.getTime())) {
    throw malformed(cluster.server, response.status, Buffer.byteLength(response.body))
  }
  const value = new Redacted(token)
  cluster.secrets.add(value)
  return { value, expiresAt }
}

/** An error of the account or its permissions is TOKEN_REQUEST_REFUSED; a lost connection is not. */
function refused(
  cluster: Cluster,
  response: ClusterResponse,
  call: KubernetesCall,
  namedBy: TokenRequest['namedBy'],
): PullpassError {
  const fault = readStatus(cluster, response, call)
  if (![400, 403, 404, 422].includes(response.status) || fault.code === 'RESPONSE_MALFORMED') return fault
  const words = wordsOf(response, call, fault, namedBy)
  return new PullpassError({ code: 'TOKEN_REQUEST_REFUSED', hop: 'subject-token', ...words, cause: fault })
}

function wordsOf(
  { status }: ClusterResponse,
  { namespace = '', name = '' }: KubernetesCall,
  { code, seen, expected, hint, command }: PullpassError,
  namedBy: TokenRequest['namedBy'],
): Pick<Fault, 'seen' | 'expected' | 'hint' | 'command' | 'details'> {
  if (status !== 404) return { seen, expected, hint, command }
  const absent = absentAccount({ namespace, name }, code === 'NAMESPACE_NOT_FOUND' ? 'namespace' : 'account')
  return {
    seen: `${absent.seen}, so that no token can be requested for ${absent.missing === 'account' ? 'it' : `ServiceAccount ${name} in it`}`,
    expected: `the service account that ${namedBy} names`,
    hint: `correct the name, or create ${absent.missing === 'account' ? 'the service account' : 'both'}`,
    command: absent.command,
    details: { missing: absent.missing === 'namespace' ? 'Namespace' : 'ServiceAccount' },
  }
}

/** A service account that does not exist, or whose namespace does not: the wording, and the command that creates it. */
export interface AbsentAccount {
  readonly missing: 'namespace' | 'account'
  readonly seen: string
  /** One line for a shell. */
  readonly command: string
}

function absentAccount({ namespace, name }: NamespacedName, missing: AbsentAccount['missing']): AbsentAccount {
  const [inNamespace, account] = [shellOperand(namespace, 'NAMESPACE'), shellOperand(name)]
  const create = `kubectl create serviceaccount ${account} -n ${inNamespace}`
  return missing === 'account'
    ? { missing, seen: `ServiceAccount ${namespace}/${name} does not exist`, command: create }
    : {
        missing,
        seen: `Namespace ${namespace} does not exist`,
        command: `kubectl create namespace ${inNamespace} && ${create}`,
      }
}

// Whether a service account exists, before other steps depend on it.

/** Undefined if it exists, and if the operator may not read it: it is unknown then. @throws KUBERNETES_REFUSED, KUBERNETES_UNREACHABLE */
export async function findAbsentAccount(
  cluster: Cluster,
  { namespace, name }: NamespacedName,
): Promise<AbsentAccount | undefined> {
  const namespacePath = `/api/v1/namespaces/${encodeURIComponent(namespace)}`
  const account = await cluster.request({
    method: 'GET',
    path: `${namespacePath}/serviceaccounts/${encodeURIComponent(name)}`,
    accept: metadataOfOne,
  })
  if (account.status === 200 || account.status === 403) return undefined
  if (account.status !== 404)
    throw readStatus(cluster, account, { verb: 'get', resource: 'serviceaccounts', namespace, name })
  // Of an account in a namespace that does not exist, the API server only reports that the account does not exist.
  const { status } = await cluster.request({ method: 'GET', path: namespacePath, accept: metadataOfOne })
  return absentAccount({ namespace, name }, status === 404 ? 'namespace' : 'account')
}

/** Runs requests over a separate connection: behind a load balancer perhaps another API server responds. */
export async function withNewConnection<T>(cluster: Cluster, run: (other: Cluster) => Promise<T>): Promise<T> {
  const other = cluster.reconnect()
  try {
    return await run(other)
  } finally {
    await other.close()
  }
}
