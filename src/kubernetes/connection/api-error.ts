/** The error for a refusal of the API server: its wording, and how to fix it. */
import { pullSecretType } from '../../credential/docker-config.ts'
import { type Fault, type KubernetesRefusal, PullpassError } from '../../errors/pullpass-error.ts'
import { quoteSafely } from '../../text/secret-register.ts'
import { shellOperand } from '../../text/shell.ts'
import type { Cluster, ClusterResponse } from './cluster.ts'
import { malformed } from './response.ts'
import {
  type Admission,
  conflictingManagers,
  has,
  isAnonymous,
  isFrozen,
  isMissingNamespace,
  isTooLargeToStore,
  parseDenial,
  parseRefuser,
  parseRequiredVerb,
  parseStatus,
  type Status,
} from './status.ts'

/** The error for a response of another status than the expected one. */
export function readStatus(
  { server, secrets }: Cluster,
  response: ClusterResponse,
  call: KubernetesCall,
): PullpassError {
  const wording = withoutStatus(server, response) ?? withStatus(server, response, { ...call, secrets })
  const { message = '', causes = [] } = parseStatus(response) ?? {}
  const { verb, resource, name } = call
  // Only the message distinguishes the reasons of one webhook or policy.
  const words = wording.code === 'KUBERNETES_REFUSED' ? quoteSafely(message, secrets) : undefined
  const cause = [verb, resource, name, response.status, parseRefuser(message), conflictingManagers(causes), words]
  const refusal = refusalOf(response.status, message, causes)
  return new PullpassError({
    hop: 'kubernetes',
    ...wording,
    ...(refusal && { refusal }),
    causeKey: JSON.stringify(cause),
  })
}

function refusalOf(status: number, message: string, causes: Status['causes']): KubernetesRefusal | undefined {
  return status === 422 && isFrozen({ causes }) ? { kind: 'immutable' } : parseRequiredVerb(message)
}

/** The response may be from a load balancer or proxy: only the status is reliable. */
function withoutStatus(server: string, { status }: ClusterResponse): Wording | undefined {
  if (status === 401) return unauthenticated(`${server} responded with 401: it does not accept the credential`)
  if (status === 429 || (status >= 502 && status <= 504)) return unavailable(server, status)
  if (status >= 300 && status < 400) {
    return {
      code: 'REDIRECT_REFUSED',
      seen: `${server} responded with ${status}, a redirect`,
      expected: 'the API server itself: a token is never sent to another address',
      hint: 'correct the server in the kubeconfig',
    }
  }
  return undefined
}

function withStatus(
  server: string,
  response: ClusterResponse,
  { secrets, ...call }: KubernetesCall & Pick<Cluster, 'secrets'>,
): Wording {
  const status = parseStatus(response)
  if (!status) return malformed(server, response.status, Buffer.byteLength(response.body))
  const quoted = (text: string) => quoteSafely(text, secrets)
  const words = quoted(status.message)
  const denial = response.status === 403 ? parseDenial(status.message) : undefined
  if (denial?.of === 'resource' && verbs.includes(denial.verb)) {
    return isAnonymous(denial)
      ? unauthenticated(`${server} responded with 403 ${words}`)
      : forbidden(words, denial.verb, call)
  }
  if (response.status === 404 && isMissingNamespace(status)) return namespaceMissing(call)
  return (
    (call.resource === 'secrets' ? secretRefusal(response.status, status, call, quoted) : undefined) ??
    (isTooLarge(response, status)
      ? tooLarge(words, call)
      : refused(response.status, words, call, parseRefuser(status.message)))
  )
}

/** By etcd, by the API server's limit for a request, or by the kind's own limit. */
const isTooLarge = (response: ClusterResponse, { causes }: Status): boolean =>
  isTooLargeToStore(response) ||
  response.status === 413 ||
  (response.status === 422 &&
    causes.some(({ reason, field }) => reason === 'FieldValueTooLong' && field !== 'fieldManager'))

const verbs = ['get', 'list', 'watch', 'create', 'update', 'patch', 'delete']

/** `Secret team-a/regcred`, `secrets regcred in the whole cluster`. */
function nameOf({ resource, name, namespace }: KubernetesCall): string {
  if (namespace === undefined) return `${name === undefined ? resource : `${resource} ${name}`} in the whole cluster`
  if (name === undefined) return `${resource} in namespace ${namespace}`
  const kinds: Readonly<Record<string, string>> = {
    configmaps: 'ConfigMap',
    endpointslices: 'EndpointSlice',
    events: 'Event',
    leases: 'Lease',
    namespaces: 'Namespace',
    pods: 'Pod',
    secrets: 'Secret',
    selfsubjectaccessreviews: 'SelfSubjectAccessReview',
    serviceaccounts: 'ServiceAccount',
    subjectaccessreviews: 'SubjectAccessReview',
  }
  if (resource === 'serviceaccounts/token') return `a token of ServiceAccount ${namespace}/${name}`
  return `${kinds[resource] ?? resource} ${namespace}/${name}`
}

function unavailable(server: string, status: number): Wording {
  return {
    code: 'KUBERNETES_UNREACHABLE',
    seen: `${server} responded with ${status}, also to retries`,
    expected: 'an API server that is available',
    hint: 'no action is needed if it passes: the next run retries; else check the API server’s load and its flow control',
    retryable: true,
  }
}

/** Resources that a document needs, and to which `pullpass manifests` grants access. */
const neededByDocuments: readonly string[] = ['namespaces', 'secrets', 'serviceaccounts', 'serviceaccounts/token']

function forbidden(words: string, verb: string, call: KubernetesCall): Wording {
  const { resource, name, namespace } = call
  const names = name === undefined ? '' : `, resourceNames: [${name}]`
  const group = call.group ?? (resource === 'endpointslices' ? 'discovery.k8s.io' : '""')
  const rule = `{apiGroups: [${group}], resources: [${resource}]${names}, verbs: [${verb}]}`
  const source =
    call.verb !== 'delete' && neededByDocuments.includes(resource)
      ? '; pullpass manifests -f FILE prints all rules that a document needs'
      : ''
  return {
    code: 'KUBERNETES_FORBIDDEN',
    seen: `the API server responded with 403 ${words}`,
    expected: `the right to ${verb} ${nameOf(call)}`,
    hint: `grant the rule ${rule} in a ClusterRole${namespace ? `, or in a Role of ${namespace}` : ''}${source}`,
  }
}

function namespaceMissing({ namespace = '' }: KubernetesCall): Wording {
  return {
    code: 'NAMESPACE_NOT_FOUND',
    seen: `namespace ${namespace} does not exist`,
    expected: 'a namespace that exists',
    hint: 'correct the name, or create the namespace',
    command: `kubectl create namespace ${shellOperand(namespace, 'NAMESPACE')}`,
  }
}

/** The entries of a pull secret are its hosts. */
export const fewerHosts = 'list fewer hosts in one document: several documents have several Secrets'

function tooLarge(words: string, call: KubernetesCall): Wording {
  return {
    code: 'OBJECT_TOO_LARGE',
    seen: `${nameOf(call)} would be larger than the cluster stores: ${words}`,
    expected: 'at most 1 MiB of data, and 1.5 MiB with labels, annotations and managed fields',
    hint: 'find which entries, labels or annotations fill it, and which clients may write them; a retry cannot succeed',
  }
}

function refused(status: number, words: string, call: KubernetesCall, refuser: Admission | undefined): Wording {
  const seen = `the API server responded with ${status} ${words} for ${nameOf(call)}`
  if (refuser === undefined) {
    return {
      code: 'KUBERNETES_REFUSED',
      seen,
      expected: 'an API server that accepts the request',
      hint: 'the message names what refused the request; configure that to allow what pullpass writes',
      retryable: status >= 500,
    }
  }
  const name = shellOperand(refuser.name)
  switch (refuser.kind) {
    case 'quota':
      return {
        code: 'KUBERNETES_QUOTA_EXCEEDED',
        seen,
        expected: `unused quota in ResourceQuota ${refuser.name} of namespace ${call.namespace}`,
        hint: `raise the quota, or delete unused objects: kubectl describe resourcequota ${name} -n ${shellOperand(call.namespace ?? '', 'NAMESPACE')}`,
      }
    case 'webhook down':
      return {
        code: 'ADMISSION_UNAVAILABLE',
        seen,
        expected: `a response of admission webhook ${refuser.name}`,
        hint: `restore that webhook, or exclude what pullpass writes from its rules; ${webhookCommand} shows its configuration`,
        retryable: true,
      }
    case 'webhook in dry runs':
      return {
        code: 'DRY_RUN_UNSUPPORTED',
        seen,
        expected: `support for dry runs in admission webhook ${refuser.name} (sideEffects: None or NoneOnDryRun)`,
        hint: 'no action is needed for pull secrets: only dry runs are refused',
      }
    case 'policy':
      return denied(
        seen,
        `ValidatingAdmissionPolicy ${refuser.name}`,
        `kubectl get validatingadmissionpolicy ${name} -o yaml`,
      )
    case 'webhook':
      return denied(seen, `admission webhook ${refuser.name}`, webhookCommand)
    default:
      return refuser.kind satisfies never
  }
}

const webhookCommand = 'kubectl get validatingwebhookconfigurations,mutatingwebhookconfigurations -o yaml'

const denied = (seen: string, by: string, command: string): Wording => ({
  code: 'KUBERNETES_REFUSED',
  seen,
  expected: `${by} to allow what pullpass writes`,
  hint: `exempt pullpass in ${by}: ${command}`,
})

// A call to the API server, and the wording of its error.

/** A call to the API server, in terms of RBAC. */
export interface KubernetesCall {
  readonly verb: 'create' | 'get' | 'list' | 'watch' | 'patch' | 'delete'
  /** Plural, with a subresource after a slash: `configmaps`, `serviceaccounts/token`. */
  readonly resource: string
  /** Absent: the core group. */
  readonly group?: string
  readonly name?: string
  /** Absent: in the whole cluster. */
  readonly namespace?: string
}

export type Wording = Omit<Fault, 'hop'>

/** Makes text of the API server safe to show. */
type Quoted = (text: string) => string

/**
 * Why the API server refused to apply a Secret: fields of another manager, a newer state, its type, its size.
 * Undefined for a reason that is not specific to Secrets.
 */
function secretRefusal(code: number, status: Status, call: KubernetesCall, quoted: Quoted): Wording | undefined {
  const words = quoted(status.message)
  const secret = `Secret ${call.namespace}/${call.name}`
  const managers = conflictingManagers(status.causes)
  if (code === 409 && managers.length > 0) return managed(secret, managers.map(quoted))
  if (code === 409 || (code === 422 && has(status, 'metadata.uid'))) return changedMeanwhile(secret, code, words)
  if (code === 422 && has(status, 'type')) return wrongType(secret)
  if (code === 422 && isFrozen(status)) return immutable(secret, call)
  const isDataTooLong = status.causes.some(({ field, reason }) => field === 'data' && reason === 'FieldValueTooLong')
  if (code === 413 || (code === 422 && isDataTooLong)) return { ...tooLarge(words, call), hint: fewerHosts }
  return undefined
}

function managed(secret: string, managers: readonly string[]): Wording {
  return {
    code: 'SECRET_NOT_OURS',
    seen: `${secret} is managed by ${managers.join(', ')}; it was left unchanged`,
    expected: 'one that pullpass created for this document, or none',
    hint: 'choose another spec.secretName, or take over this Secret: spec.conflictPolicy: Adopt; or once: pullpass refresh -f FILE --adopt',
  }
}

function changedMeanwhile(secret: string, code: number, words: string): Wording {
  return {
    code: 'SECRET_CONFLICT',
    seen: `${secret} was changed while pullpass updated it: the API server responded with ${code} ${words}`,
    expected: 'the state that pullpass read before',
    hint: 'find the other writers: kubectl get secret -o yaml --show-managed-fields',
    retryable: true,
  }
}

function wrongType(secret: string): Wording {
  return {
    code: 'SECRET_TYPE_WRONG',
    seen: `${secret} has another type, which cannot be changed`,
    expected: `type ${pullSecretType}`,
    hint: 'choose another spec.secretName, or delete this Secret if nothing needs it',
  }
}

function immutable(secret: string, { namespace = '', name = '' }: KubernetesCall): Wording {
  return {
    code: 'SECRET_IMMUTABLE',
    seen: `${secret} is immutable, which cannot be reverted`,
    expected: 'a Secret that can be updated',
    hint: 'delete it; the next refresh creates it again',
    command: `kubectl delete secret ${shellOperand(name)} -n ${shellOperand(namespace, 'NAMESPACE')}`,
  }
}

/** The wording for an API server that does not accept the credential. */
export function unauthenticated(seen: string): Wording {
  return {
    code: 'KUBERNETES_UNAUTHENTICATED',
    seen,
    expected: 'a credential that the API server accepts',
    hint: 'check that the token or client certificate is for this cluster and has not expired: kubectl auth whoami',
  }
}
