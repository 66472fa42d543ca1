/** One Secret with all that is in it, for who asked to see it. */
import type { NamespacedName } from '../../document/namespaced-name.ts'
import type { Cluster } from '../../kubernetes/cluster.ts'
import { foundIn } from '../../kubernetes/found-in.ts'
import { type PullSecretContent, readPullSecretData } from '../../kubernetes/read-pull-secret-data.ts'
import { PullpassError } from '../../outside/pullpass-error.ts'
import { shellQuote } from '../../outside/shell-quote.ts'

/** @throws SECRET_MISSING, and what a list throws */
export async function readSecret(cluster: Cluster, { namespace, name }: NamespacedName): Promise<PullSecretContent> {
  const secret = foundIn(await readPullSecretData(cluster, name, [namespace]), namespace)
  if (secret !== undefined) return secret
  throw new PullpassError({
    code: 'SECRET_MISSING',
    hop: 'kubernetes',
    seen: `Secret ${namespace}/${name} is not there`,
    expected: 'a pull secret',
    hint: `kubectl get secrets -n ${shellQuote(namespace)} --field-selector type=kubernetes.io/dockerconfigjson`,
  })
}
