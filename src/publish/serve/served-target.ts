/**
 * A place to publish to that is the cluster itself. The keys lie in a ConfigMap, as others' lie in a bucket: it outlives every
 * process, and all replicas read and write the same one. This process serves what was last found there to be right:
 *
 *   read keys ─▶ choose ─▶ write keys, where they differ ─▶ discovery document: from now on both are served
 */
import { createHash } from 'node:crypto'
import type { NamespacedName } from '../../document/document.ts'
import type { Cluster } from '../../kubernetes/connection/cluster.ts'
import { type ConfigMapEntry, readConfigMapEntry, replaceConfigMapEntry } from '../../kubernetes/objects/config-map.ts'
import {
  buildDocuments,
  type DocumentName,
  type DocumentToStore,
  type PublishTarget,
  withHeaders,
} from '../../oidc/issuer-documents.ts'
import { parseJwks } from '../../oidc/keys.ts'
import { asObject, asText, jsonOrNone } from '../../text/json-fields.ts'
import { isRevoked, type KeyState } from '../key-state.ts'
import { keyStateFault } from '../key-state-errors.ts'

export interface ServedTarget extends PublishTarget {
  /** Undefined before the first publication. */
  readonly current: (name: DocumentName) => ServedDocument | undefined
  /** As the discovery document that is served names it. */
  readonly issuer: () => string | undefined
  /** Serves what was revoked no more, from now on, be the ConfigMap written or not. */
  readonly withhold: (memory: Pick<KeyState, 'revocations'>) => void
}

export interface ServedDocument extends DocumentToStore {
  /** RFC 9110 §8.8.3: names the bytes, so that replicas which serve the same say the same. */
  readonly etag: string
}

export interface ServedTargetConfig {
  readonly cluster: Cluster
  /** The ConfigMap of the keys that are served: whoever may write it decides whom clouds believe. */
  readonly store: NamespacedName
  /** Where the proxy before it is read; undefined: at the cluster's own issuer. */
  readonly issuerUrl: string | undefined
}

/** The key of the ConfigMap under which the JWKS stands. */
export const storeEntry = 'jwks.json'

export function servedTarget({ cluster, store, issuerUrl }: ServedTargetConfig): ServedTarget {
  const served = new Map<DocumentName, ServedDocument>()
  let found: ConfigMapEntry = { text: undefined, resourceVersion: undefined }
  const writeKeys = async (text: string): Promise<'written' | 'outrun'> => {
    const written = await replaceConfigMapEntry(cluster, store, { key: storeEntry, text }, found).catch((error) => {
      throw keyStateFault(error, store, "others'")
    })
    if (written === 'written') found = { ...found, text }
    return written
  }
  return {
    name: `ConfigMap ${store.namespace}/${store.name}`,
    issuerUrl,
    holds: ['jwks', 'discovery'],
    openToAll: undefined,
    toClear: `where they came with a backup: kubectl -n ${store.namespace} patch configmap ${store.name} --type merge -p '{"data":null}'`,
    readIntervalMs: 0,
    current: (name) => served.get(name),
    issuer: () => issuerIn(served),
    withhold: (memory) => withhold(served, memory),
    /** The discovery document follows from the keys and the issuer's URL: it is kept nowhere, and so is written each time. */
    async read(name) {
      if (name === 'discovery') return undefined
      const { text, resourceVersion } = await readConfigMapEntry(cluster, store, storeEntry)
      found = { text: isJwks(text) ? text : undefined, resourceVersion }
      // Emptied or damaged: what this process serves holds, and is put back.
      const keys = found.text ?? served.get('jwks')?.text
      return keys === undefined ? undefined : { text: keys, version: resourceVersion ?? '' }
    },
    async write(name, document) {
      if (name === 'jwks') return await writeKeys(document.text)
      const keys = found.text ?? served.get('jwks')?.text ?? ''
      if (found.text === undefined && (await writeKeys(keys)) === 'outrun') return 'outrun'
      served.set('jwks', withTag(withHeaders('jwks', keys)))
      served.set('discovery', withTag(document))
      return 'written'
    },
  }
}

function withhold(served: Map<DocumentName, ServedDocument>, memory: Parameters<ServedTarget['withhold']>[0]): void {
  const keys = parseJwks(served.get('jwks')?.text ?? '') ?? []
  const left = keys.filter((key) => !isRevoked(memory, key))
  if (left.length < keys.length) served.set('jwks', withTag(buildDocuments(issuerIn(served) ?? '', left).jwks))
}

const issuerIn = (served: ReadonlyMap<DocumentName, ServedDocument>): string | undefined =>
  asText(asObject(jsonOrNone(served.get('discovery')?.text ?? ''))?.['issuer'])

const isJwks = (text: string | undefined): boolean => text !== undefined && parseJwks(text) !== undefined

const withTag = (document: DocumentToStore): ServedDocument => ({
  ...document,
  etag: `"${createHash('sha256').update(document.text).digest('base64url')}"`,
})

// Which ConfigMap holds what `issuer serve` serves.

/** Two purposes, two ConfigMaps: whoever may write into the memory, to revoke a key, cannot have one served. */
export const storeBeside = ({ namespace, name }: NamespacedName): NamespacedName => ({
  namespace,
  name: `${name}-served`,
})
