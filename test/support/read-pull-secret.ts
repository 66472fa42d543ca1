/** What a sandbox's cluster holds under a pull secret's name. */
import type { Sandbox } from '../../sandbox/start-sandbox.ts'

export interface HeldPullSecret {
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
): HeldPullSecret | undefined {
  const secret = cluster.store.read('Secret', namespace, name) as StoredSecret | undefined
  if (secret === undefined) return undefined
  const { uid, resourceVersion, labels = {}, annotations = {}, managedFields = [] } = secret.metadata
  const text = Buffer.from(secret.data?.['.dockerconfigjson'] ?? '', 'base64').toString() || '{"auths":{}}'
  const { auths } = JSON.parse(text) as { auths: Record<string, { auth: string }> }
  const decoded = Object.entries(auths).map(([host, { auth }]) => [host, Buffer.from(auth, 'base64').toString()])
  return {
    uid,
    resourceVersion,
    type: secret.type,
    labels,
    annotations,
    managers: managedFields.map(({ manager }) => manager),
    auths: Object.fromEntries(decoded),
  }
}

interface StoredSecret {
  readonly metadata: {
    readonly uid: string
    readonly resourceVersion: string
    readonly labels?: Record<string, string>
    readonly annotations?: Record<string, string>
    readonly managedFields?: readonly { readonly manager: string }[]
  }
  readonly type: string
  readonly data?: Record<string, string>
}
