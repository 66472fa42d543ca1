/**
 * The publish target of `issuer serve`: a ConfigMap with the keys that are served, as a bucket has them. It persists across restarts,
 * and all replicas read and write the same one.
 */
import type { NamespacedName } from '../../document/document.ts'
import type { Cluster } from '../../kubernetes/connection/cluster.ts'
import { type ConfigMapEntry, readConfigMapEntry, replaceConfigMapEntry } from '../../kubernetes/objects/config-map.ts'
import type { PublishTarget } from '../../oidc/issuer-documents.ts'
import { parseJwks } from '../../oidc/keys.ts'
import { keyStateFault } from '../key-state-errors.ts'
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
export const storeEntry = 'jwks.json'

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
