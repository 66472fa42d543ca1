/**
 * What `issuer serve` serves in a cluster, for who revokes a key there: nobody but its replicas writes it, and they read the
 * revocation at their next look. Written is what they have written.
 */
import type { NamespacedName } from '../../document/document.ts'
import { PullpassError } from '../../errors/pullpass-error.ts'
import type { Context } from '../../http/context.ts'
import type { Cluster } from '../../kubernetes/connection/cluster.ts'
import { readConfigMapEntry } from '../../kubernetes/objects/config-map.ts'
import type { PublishTarget } from '../../oidc/issuer-documents.ts'
import { parseJwks, sameKey } from '../../oidc/keys.ts'
import { storeEntry } from './served-target.ts'

/** Four looks of each of them. */
const [everyMs, tries] = [5_000, 12]

export function servingReplicas(
  cluster: Cluster,
  store: NamespacedName,
  { sleep, signal }: Pick<Context, 'sleep' | 'signal'>,
): PublishTarget {
  const read = async () => await readConfigMapEntry(cluster, store, storeEntry)
  const keysIn = (text: string | undefined) => (text === undefined ? [] : (parseJwks(text) ?? []))
  return {
    name: `issuer serve (ConfigMap ${store.namespace}/${store.name})`,
    issuerUrl: undefined,
    openToAll: undefined,
    holds: ['jwks'],
    async read() {
      const { text, resourceVersion } = await read()
      return text === undefined || resourceVersion === undefined ? undefined : { text, version: resourceVersion }
    },
    async write(_, document) {
      const wanted = keysIn(document.text)
      for (let attempt = 1; attempt <= tries; attempt++) {
        const served = keysIn((await read()).text)
        if (served.every((key) => wanted.some((one) => sameKey(one, key)))) return 'written'
        await sleep(everyMs, signal)
      }
      throw stillServed(store)
    },
  }
}

const stillServed = ({ namespace, name }: NamespacedName) =>
  new PullpassError({
    code: 'PUBLISH_UNAVAILABLE',
    hop: 'publish',
    seen: `the revocation is remembered, but after ${(everyMs * tries) / 1000} s no replica of issuer serve had taken the key out of ConfigMap ${namespace}/${name}`,
    expected: 'issuer serve to run, and to look every 15 s',
    hint: `see why it does not: kubectl -n ${namespace} logs -l app.kubernetes.io/component=issuer-serve; from its next look on the key is served no more`,
    retryable: true,
  })
