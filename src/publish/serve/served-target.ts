/**
 * The publish target of `issuer serve`: a ConfigMap with the keys that are served, as a bucket has them. It persists across restarts,
 * and all replicas read and write the same one. A revocation elsewhere only reads it: the replicas read the revocation in their next
 * round and stop serving the key; the revocation is complete once the ConfigMap lacks it.
 */
import type { NamespacedName } from '../../document/document.ts'
import { PullpassError } from '../../errors/pullpass-error.ts'
import type { Context } from '../../http/context.ts'
import type { Cluster } from '../../kubernetes/connection/cluster.ts'
import { type ConfigMapEntry, readConfigMapEntry, replaceConfigMapEntry } from '../../kubernetes/objects/config-map.ts'
import type { PublishTarget } from '../../oidc/issuer-documents.ts'
import { parseJwks, sameKey } from '../../oidc/keys.ts'
import { keyStateFault } from '../key-state-errors.ts'
import { type Publication, type PublishOutcome, planPublication, readStored } from '../publish-documents.ts'
import type { ServedDocuments } from './served-documents.ts'

export interface ServedTargetConfig {
  readonly cluster: Cluster
  /** The ConfigMap: clients that can write it decide which keys clouds trust. */
  readonly store: NamespacedName
  /** Where the proxy in front of it is read; undefined: at the cluster's own issuer. */
  readonly issuerUrl: string | undefined
  /** Restores a ConfigMap that was emptied or damaged. */
  readonly served: Pick<ServedDocuments, 'current'>
}

/** The key of the ConfigMap with the JWKS. */
const storeEntry = 'jwks.json'

/** The discovery document is not stored: it follows from the keys and the issuer. */
export function servedTarget({ cluster, store, issuerUrl, served }: ServedTargetConfig): PublishTarget {
  let found: ConfigMapEntry = { text: undefined, resourceVersion: undefined }
  return {
    name: `ConfigMap ${store.namespace}/${store.name}`,
    publicUrl: issuerUrl,
    facts: {
      publishes: 'documents',
      stores: ['jwks'],
      clear: `kubectl -n ${store.namespace} patch configmap ${store.name} --type merge -p '{"data":null}'`,
    },
    async read() {
      found = await readConfigMapEntry(cluster, store, storeEntry)
      const version = found.resourceVersion ?? ''
      if (isJwks(found.text)) return { text: found.text, version }
      const ours = served.current('jwks')
      return ours && { text: ours.text, version, isDamaged: true }
    },
    async write(name, { text }) {
      if (name !== 'jwks') throw new TypeError('only the keys are stored')
      const written = await replaceConfigMapEntry(cluster, store, { key: storeEntry, text }, found).catch((error) => {
        throw keyStateFault(error, store, "others'")
      })
      if (written === 'written') found = { ...found, text }
      return written
    },
  }
}

const isJwks = (text: string | undefined): text is string => text !== undefined && parseJwks(text) !== undefined

/** Next to the key state, and not in it: a client that may write the key state, to revoke a key, cannot have one served. */
export const servedStoreRef = ({ namespace, name }: NamespacedName): NamespacedName => ({
  namespace,
  name: `${name}-served`,
})

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
