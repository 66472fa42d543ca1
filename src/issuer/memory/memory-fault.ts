/** Why what is known of keys could not be written down, for who may never have named the place: it has a default. */
import type { NamespacedName } from '../../document/namespaced-name.ts'
import { PullpassError } from '../../outside/pullpass-error.ts'
import { shellQuote } from '../../outside/shell-quote.ts'

/** Words of deploy/issuer-revocations. */
const withoutVerb = /not written without the verb remember on revocations\.pullpass\.dev/

/** Any other fault, or error, is as it was. */
export function memoryFault(error: unknown, place: NamespacedName): unknown {
  if (!(error instanceof PullpassError)) return error
  if (error.code === 'NAMESPACE_MISSING') return namespaceMissing(error, place)
  return error.code === 'KUBERNETES_REFUSED' && withoutVerb.test(error.seen) ? verbMissing(error, place) : error
}

function namespaceMissing(error: PullpassError, { namespace, name }: NamespacedName): PullpassError {
  return new PullpassError({
    code: error.code,
    hop: error.hop,
    seen: `namespace ${namespace} is not there: ConfigMap ${namespace}/${name} could not be written`,
    expected: 'a namespace that exists, for what is remembered of keys',
    hint: `kubectl create namespace ${shellQuote(namespace)}; or name a ConfigMap elsewhere: --memory NAMESPACE/NAME`,
    cause: error,
  })
}

function verbMissing(error: PullpassError, { namespace, name }: NamespacedName): PullpassError {
  const { code, hop, seen } = error
  return new PullpassError({
    code,
    hop,
    seen,
    expected: `the right to remember keys in ConfigMap ${namespace}/${name}, beside that to write it`,
    hint: `grant the rule {apiGroups: [pullpass.dev], resources: [revocations], resourceNames: [${name}], verbs: [remember]} in a Role of ${namespace}`,
    cause: error,
  })
}
