/** TokenRequest: POST to the subresource `token` of a ServiceAccount. It ignores dryRun and returns a valid token.
 *  https://kubernetes.io/docs/reference/kubernetes-api/authentication-resources/token-request-v1/ */
import type { SandboxResponse } from '../../serve/handler.ts'
import { type ApiCall, subjectOf } from '../calls/api-call.ts'
import { readBody } from '../calls/read-body.ts'
import { json } from '../calls/representation.ts'
import { badRequest, conflict, invalid, invalidValue, notFound, type StatusError } from '../calls/status-error.ts'
import type { Cluster } from '../cluster.ts'
import { isRecord, type StoredObject, timestamp } from '../objects/kubernetes-object.ts'
import { signServiceAccountToken, type TokenOptions } from './service-account-token.ts'

const tokenRequest = { apiVersion: 'authentication.k8s.io/v1', kind: 'TokenRequest', group: 'authentication' }
const minSeconds = 600
const maxSeconds = 2 ** 32

export async function requestToken(cluster: Cluster, call: ApiCall): Promise<SandboxResponse> {
  const { metadata, spec } = readBody(call.request, tokenRequest)
  const { audiences, expirationSeconds, boundObjectRef } = isRecord(spec) ? spec : {}
  if (!cluster.store.read('Namespace', '', call.namespace)) throw notFound({ name: call.namespace, kind: 'namespaces' })
  if (!cluster.store.read('ServiceAccount', call.namespace, call.name)) throw notFound(subjectOf(call))
  checkName(call, metadata)
  const lifeSeconds = readLifetime(expirationSeconds)
  const options = {
    namespace: call.namespace,
    name: call.name,
    // Without audiences the token is for the API server itself.
    audiences:
      Array.isArray(audiences) && audiences.length > 0
        ? audiences.map(String)
        : [cluster.issuer, ...cluster.acceptedIssuers],
    lifeSeconds,
    ...readBinding(cluster, call, boundObjectRef),
  }
  const token = await signServiceAccountToken(cluster, options)
  const expiresAt = new Date((Math.floor(cluster.now().getTime() / 1000) + lifeSeconds) * 1000)
  return json(201, {
    kind: tokenRequest.kind,
    apiVersion: tokenRequest.apiVersion,
    metadata: { name: call.name, namespace: call.namespace, creationTimestamp: timestamp(cluster.now()) },
    spec: { audiences: options.audiences, expirationSeconds: lifeSeconds, boundObjectRef: boundObjectRef ?? null },
    status: { token, expirationTimestamp: timestamp(expiresAt) },
  })
}

function checkName({ name }: ApiCall, metadata: unknown): void {
  const given = isRecord(metadata) ? (metadata['name'] ?? '') : ''
  if (given === '' || given === name) return
  throw invalid({ name, group: 'authentication.k8s.io', kind: tokenRequest.kind }, [
    invalidValue('metadata.name', given, 'must match the service account name if specified'),
  ])
}

function readLifetime(expirationSeconds: unknown): number {
  const seconds = typeof expirationSeconds === 'number' ? expirationSeconds : 3600
  if (seconds < minSeconds) throw invalidLifetime(seconds, 'may not specify a duration less than 10 minutes')
  if (seconds > maxSeconds) throw invalidLifetime(seconds, 'may not specify a duration larger than 2^32 seconds')
  return seconds
}

const invalidLifetime = (seconds: number, why: string): StatusError =>
  invalid({ name: '', group: 'authentication.k8s.io', kind: 'TokenRequest' }, [
    invalidValue('spec.expirationSeconds', seconds, why),
  ])

/** The object that the token is bound to: a Secret, or a Pod of the account with its node. */
function readBinding({ store }: Cluster, call: ApiCall, reference: unknown) {
  if (!isRecord(reference)) return {}
  const [kind, name, uid] = [reference['kind'], reference['name'], reference['uid']].map((part) =>
    typeof part === 'string' ? part : '',
  )
  const isBindable = kind === 'Secret' || kind === 'Pod'
  const object = isBindable && name ? store.read(kind, call.namespace, name) : undefined
  const subject = { name: name ?? '', kind: `${(kind ?? '').toLowerCase()}s` }
  if (!object) throw notFound(subject)
  if (uid && uid !== object.metadata.uid) {
    throw conflict(
      { name: object.metadata.name, kind: object.kind },
      `the UID in the bound object reference (${uid}) does not match the UID in record. The object might have been deleted and then recreated`,
    )
  }
  const bound = { name: object.metadata.name, uid: object.metadata.uid }
  return object.kind === 'Secret' ? { secret: bound } : { pod: bound, ...nodeOf(call, object) }
}

const otherPod = 'pod running with different serviceaccount name.'

/** Nodes are not served, so the uid is unknown; the API then omits it as well. */
function nodeOf({ name }: ApiCall, pod: StoredObject): Pick<TokenOptions, 'node'> {
  const { serviceAccountName, nodeName }: Record<string, unknown> = isRecord(pod['spec']) ? pod['spec'] : {}
  if (serviceAccountName !== name) {
    throw badRequest(`cannot bind token for serviceaccount ${JSON.stringify(name)} to ${otherPod}`)
  }
  return typeof nodeName === 'string' ? { node: { name: nodeName } } : {}
}
