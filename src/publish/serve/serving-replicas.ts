/**
 * A revocation where `issuer serve` serves the keys: only its replicas write its ConfigMap. They read the revocation in their next
 * round and stop serving the key; a revocation is complete once the ConfigMap lacks it.
 */
import type { NamespacedName } from '../../document/document.ts'
import { PullpassError } from '../../errors/pullpass-error.ts'
import type { Context } from '../../http/context.ts'
import type { Cluster } from '../../kubernetes/connection/cluster.ts'
import { readConfigMapEntry } from '../../kubernetes/objects/config-map.ts'
import type { PublishTarget } from '../../oidc/issuer-documents.ts'
import { parseJwks, sameKey } from '../../oidc/keys.ts'
import { type Publication, type PublishOutcome, planPublication, readStored } from '../publish-documents.ts'
import { storeEntry } from './served-target.ts'

/** Four rounds of each replica. */
const [intervalMs, attempts] = [5_000, 12]

/** What replicas serve, to read: the discovery document follows from the keys, and the URL of the proxy in front of them is unknown. */
export function servingReplicas(cluster: Cluster, store: NamespacedName): Omit<PublishTarget, 'write'> {
  return {
    name: `issuer serve (ConfigMap ${store.namespace}/${store.name})`,
    publicUrl: undefined,
    facts: { publishes: 'documents', stores: ['jwks'] },
    async read() {
      const { text, resourceVersion } = await readConfigMapEntry(cluster, store, storeEntry)
      return text === undefined || resourceVersion === undefined ? undefined : { text, version: resourceVersion }
    },
  }
}

/** Waits until the replicas serve what the publication leaves. @throws PUBLISH_NOT_OURS, KEYS_UNUSABLE, PUBLISH_UNAVAILABLE */
export async function awaitReplicas(
  replicas: Omit<PublishTarget, 'write'>,
  store: NamespacedName,
  publication: Publication,
  { sleep, signal }: Pick<Context, 'sleep' | 'signal'>,
): Promise<PublishOutcome> {
  const outcome = planPublication(replicas, await readStored(replicas), publication)
  if (publication.mode === 'dry-run') return outcome
  const keys = parseJwks(outcome.documents.jwks.text) ?? []
  for (let attempt = 1; attempt <= attempts; attempt++) {
    const served = parseJwks((await replicas.read('jwks'))?.text ?? '') ?? []
    if (served.every((key) => keys.some((one) => sameKey(one, key)))) return outcome
    await sleep(intervalMs, signal)
  }
  throw stillServed(store)
}

const stillServed = ({ namespace, name }: NamespacedName) =>
  new PullpassError({
    code: 'PUBLISH_UNAVAILABLE',
    hop: 'publish',
    seen: `the revocation is stored, but after ${(intervalMs * attempts) / 1000} s no replica of issuer serve had removed the key from ConfigMap ${namespace}/${name}`,
    expected: 'issuer serve to run: each of its rounds takes 15 s',
    hint: 'issuer serve stops serving the key in its next round; check why it does not run',
    command: `kubectl -n ${namespace} logs -l app.kubernetes.io/component=issuer-serve`,
    retryable: true,
  })
