/** One Secret with all that is in it, for who asked to see it. */
import type { Cluster } from '../../kubernetes/cluster.ts'
import { asObject, asText } from '../../kubernetes/json-fields.ts'
import { listByName } from '../../kubernetes/list-by-name.ts'
import { type PullSecretMetadata, pullSecretMetadata } from '../../kubernetes/pull-secret-metadata.ts'
import { PullpassError } from '../../outside/pullpass-error.ts'
import { Redacted } from '../../outside/redacted.ts'
import type { NamespacedName } from './parse-inspect-target.ts'

export interface InspectedSecret {
  readonly type: string
  readonly metadata: PullSecretMetadata
  /** Absent: it has no such key. */
  readonly dockerConfigJson: Redacted | undefined
}

/** By a list of this name: rights that are bound to names allow it where they allow no get. @throws KUBERNETES_REFUSED */
export async function readSecret(cluster: Cluster, { namespace, name }: NamespacedName): Promise<InspectedSecret> {
  const named = { resource: 'secrets', name, namespaces: [namespace], accept: 'application/json' } as const
  const [secret] = await listByName(cluster, named, (item) => {
    const text = asText(asObject(item['data'])?.['.dockerconfigjson'])
    return {
      type: asText(item['type']) ?? '',
      metadata: pullSecretMetadata(item),
      dockerConfigJson: text === undefined ? undefined : new Redacted(Buffer.from(text, 'base64').toString('utf8')),
    }
  })
  if (secret !== undefined) return secret
  throw new PullpassError({
    code: 'KUBERNETES_REFUSED',
    hop: 'kubernetes',
    seen: `Secret ${namespace}/${name} is not there`,
    expected: 'a pull secret',
    hint: `kubectl get secrets -n ${namespace} --field-selector type=kubernetes.io/dockerconfigjson`,
  })
}
