/** What the API server's refusal means, and what mends it. */
import { PullpassError } from '../outside/pullpass-error.ts'
import { quoteSafely } from '../outside/secret-register.ts'
import { shellQuote } from '../outside/shell-quote.ts'
import type { Asked, Wording } from './asked.ts'
import type { Cluster, ClusterAnswer } from './cluster.ts'
import { parseRefuser, type Refuser } from './parse-refuser.ts'
import { isTooLargeToStore, parseStatus, type Status } from './parse-status.ts'
import { malformed } from './read-answer.ts'
import { secretRefusal } from './secret-refusal.ts'
import { unauthenticated } from './unauthenticated.ts'

/** The error that stands for an answer which is not the one that was asked for. */
export function readStatus({ server, secrets }: Cluster, answer: ClusterAnswer, asked: Asked): PullpassError {
  return new PullpassError({
    hop: 'kubernetes',
    ...(withoutStatus(server, answer) ?? withStatus(server, answer, { ...asked, secrets })),
  })
}

/** What a load balancer or proxy may answer in the API server's place: its status alone tells. */
function withoutStatus(server: string, { status }: ClusterAnswer): Wording | undefined {
  if (status === 401) return unauthenticated(`${server} answered 401: it does not know who asks`)
  if (status === 429 || (status >= 502 && status <= 504)) return unavailable(server, status)
  if (status >= 300 && status < 400) {
    return {
      code: 'REDIRECT_REFUSED',
      seen: `${server} answered ${status}, a redirect`,
      expected: 'the API server itself: a token is never sent on to another address',
      hint: 'correct the server in the kubeconfig',
    }
  }
  return undefined
}

function withStatus(
  server: string,
  answer: ClusterAnswer,
  { secrets, ...asked }: Asked & Pick<Cluster, 'secrets'>,
): Wording {
  const status = parseStatus(answer)
  if (!status) return malformed(server, answer.status, Buffer.byteLength(answer.body))
  const quoted = (text: string) => quoteSafely(text, secrets)
  const words = quoted(status.message)
  const [, user = '', verb = ''] = /User "([^"]*)" cannot ([a-z]+) resource/.exec(status.message) ?? []
  if (answer.status === 403 && verbs.includes(verb)) {
    return user === 'system:anonymous'
      ? unauthenticated(`${server} answered 403 ${words}`)
      : forbidden(words, verb, asked)
  }
  if (answer.status === 404 && isMissingNamespace(status)) return namespaceMissing(asked)
  return (
    (asked.resource === 'secrets' ? secretRefusal(answer.status, status, asked, quoted) : undefined) ??
    (isTooLarge(answer, status)
      ? tooLarge(words, asked)
      : refused(answer.status, words, asked, parseRefuser(status.message)))
  )
}

/** By etcd, by the API server's limit for a request, or by the kind's own limit. */
const isTooLarge = (answer: ClusterAnswer, { causes }: Status): boolean =>
  isTooLargeToStore(answer) ||
  answer.status === 413 ||
  (answer.status === 422 &&
    causes.some(({ reason, field }) => reason === 'FieldValueTooLong' && field !== 'fieldManager'))

const verbs = ['get', 'list', 'watch', 'create', 'update', 'patch', 'delete']

const isMissingNamespace = ({ message }: Status) => /^namespaces "[^"]*" not found/.test(message)

/** `Secret team-a/regcred`, `secrets regcred in the whole cluster`. */
function nameOf({ resource, name, namespace }: Asked): string {
  if (namespace === undefined) return `${name === undefined ? resource : `${resource} ${name}`} in the whole cluster`
  if (name === undefined) return `${resource} in namespace ${namespace}`
  const kinds: Readonly<Record<string, string>> = {
    configmaps: 'ConfigMap',
    endpointslices: 'EndpointSlice',
    events: 'Event',
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
    seen: `${server} answered ${status}, and went on so while pullpass tried again`,
    expected: 'an API server that has time for this',
    hint: 'nothing to do if it passes: the next run asks again; else look at the API server’s load and its flow control',
    retryable: true,
  }
}

/** What a document needs, and `pullpass manifests` grants. */
const neededByDocuments: readonly string[] = ['namespaces', 'secrets', 'serviceaccounts', 'serviceaccounts/token']

function forbidden(words: string, verb: string, asked: Asked): Wording {
  const { resource, name, namespace } = asked
  const names = name === undefined ? '' : `, resourceNames: [${name}]`
  const group = asked.group ?? (resource === 'endpointslices' ? 'discovery.k8s.io' : '""')
  const rule = `{apiGroups: [${group}], resources: [${resource}]${names}, verbs: [${verb}]}`
  const source =
    asked.verb !== 'delete' && neededByDocuments.includes(resource)
      ? ': pullpass manifests -f FILE prints all that a document needs'
      : ''
  return {
    code: 'KUBERNETES_FORBIDDEN',
    seen: `the API server answered 403 ${words}`,
    expected: `the right to ${verb} ${nameOf(asked)}`,
    hint: `grant the rule ${rule} in a ClusterRole${namespace ? `, or in a Role of ${namespace}` : ''}${source}`,
  }
}

function namespaceMissing({ namespace = '' }: Asked): Wording {
  return {
    code: 'NAMESPACE_MISSING',
    seen: `namespace ${namespace} is not there`,
    expected: 'a namespace that exists',
    hint: `kubectl create namespace ${shellQuote(namespace)}; or correct the name where it was given`,
  }
}

function tooLarge(words: string, asked: Asked): Wording {
  return {
    code: 'OBJECT_TOO_LARGE',
    seen: `${nameOf(asked)} would be larger than the cluster stores: ${words}`,
    expected: 'at most 1 MiB of data, and 1.5 MiB with labels, annotations and managed fields',
    hint: 'see which entries, labels or annotations fill it, and who may write them; repeating the request cannot help',
  }
}

function refused(status: number, words: string, asked: Asked, refuser: Refuser | undefined): Wording {
  const seen = `the API server answered ${status} ${words} for ${nameOf(asked)}`
  if (refuser === undefined) {
    return {
      code: 'KUBERNETES_REFUSED',
      seen,
      expected: 'that it takes what pullpass asks',
      hint: 'its words name who refused; let that pass what pullpass writes',
      retryable: status >= 500,
    }
  }
  const name = shellQuote(refuser.name)
  switch (refuser.kind) {
    case 'quota':
      return {
        code: 'KUBERNETES_QUOTA_EXCEEDED',
        seen,
        expected: `room in ResourceQuota ${refuser.name} of namespace ${asked.namespace}`,
        hint: `raise the quota, or delete what is not needed there: kubectl describe resourcequota ${name} -n ${shellQuote(asked.namespace ?? '')}`,
      }
    case 'webhook down':
      return {
        code: 'ADMISSION_UNAVAILABLE',
        seen,
        expected: `an answer of admission webhook ${refuser.name}`,
        hint: `let the operator of that webhook bring it back, or leave out what pullpass writes; ${webhookCommand} names its configuration`,
        retryable: true,
      }
    case 'webhook in dry runs':
      return {
        code: 'DRY_RUN_UNSUPPORTED',
        seen,
        expected: `that admission webhook ${refuser.name} takes part in dry runs (sideEffects: None or NoneOnDryRun)`,
        hint: 'nothing to do for pull secrets: only a dry run is refused',
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

const denied = (seen: string, by: string, look: string): Wording => ({
  code: 'KUBERNETES_REFUSED',
  seen,
  expected: `that ${by} lets pass what pullpass writes`,
  hint: `let the operator of ${by} except pullpass: ${look}`,
})
