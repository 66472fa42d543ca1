/** Reads a pull secret from the cluster of a sandbox. */
import { isRecord } from '../../sandbox/kubernetes/objects/kubernetes-object.ts'
import type { Sandbox } from '../../sandbox/start-sandbox.ts'

export interface StoredPullSecret {
  readonly uid: string
  readonly resourceVersion: string
  readonly type: string
  readonly labels: Readonly<Record<string, string>>
  readonly annotations: Readonly<Record<string, string>>
  readonly managers: readonly string[]
  /** By host: `username:password`. */
  readonly auths: Readonly<Record<string, string>>
}

export function readPullSecret(
  { cluster }: Pick<Sandbox, 'cluster'>,
  namespace: string,
  name = 'regcred',
): StoredPullSecret | undefined {
  const secret = cluster.store.read('Secret', namespace, name)
  if (secret === undefined) return undefined
  const { uid, resourceVersion, labels = {}, annotations = {}, managedFields = [] } = secret.metadata
  const data = isRecord(secret['data']) ? secret['data']['.dockerconfigjson'] : undefined
  const text = typeof data === 'string' ? Buffer.from(data, 'base64').toString() : '{"auths":{}}'
  const { auths }: { auths: Record<string, { auth: string }> } = JSON.parse(text)
  const decoded = Object.entries(auths).map(([host, { auth }]) => [host, Buffer.from(auth, 'base64').toString()])
  return {
    uid,
    resourceVersion,
    type: String(secret['type']),
    labels,
    annotations,
    managers: managedFields.map(({ manager }) => manager),
    auths: Object.fromEntries(decoded),
  }
}
