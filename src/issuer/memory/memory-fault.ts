/** Why what is known of keys could not be written down, for who may never have named the place: it has a default. */
import type { NamespacedName } from '../../document/namespaced-name.ts'
import { PullpassError } from '../../outside/pullpass-error.ts'
import { shellQuote } from '../../outside/shell-quote.ts'

/** Any other fault, or error, is as it was. */
export function memoryFault(error: unknown, { namespace, name }: NamespacedName): unknown {
  if (!(error instanceof PullpassError) || error.code !== 'NAMESPACE_MISSING') return error
  return new PullpassError({
    code: error.code,
    hop: error.hop,
    seen: `namespace ${namespace} is not there: ConfigMap ${namespace}/${name} could not be written`,
    expected: 'a namespace that exists, for what is remembered of keys',
    hint: `kubectl create namespace ${shellQuote(namespace)}; or name a ConfigMap elsewhere: --memory NAMESPACE/NAME`,
    cause: error,
  })
}
