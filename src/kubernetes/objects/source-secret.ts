/**
 * A Secret from which a password, a client secret or a key is read. It is named by a document, and only read.
 * https://kubernetes.io/docs/concepts/configuration/secret/#secret-types
 */
import { pullSecretType, secretsOf } from '../../credential/docker-config.ts'
import type { NamespacedName } from '../../document/document.ts'
import { PullpassError } from '../../errors/pullpass-error.ts'
import { asObject, asText } from '../../text/json-fields.ts'
import { Redacted } from '../../text/redacted.ts'
import { shellOperand } from '../../text/shell.ts'
import { readStatus } from '../connection/api-error.ts'
import type { Cluster } from '../connection/cluster.ts'
import { readResponse } from '../connection/response.ts'

interface SourceSecret {
  readonly type: string
  /** Decoded values by key. */
  readonly data: ReadonlyMap<string, Redacted>
}

/** @throws CREDENTIAL_SOURCE_INVALID where it does not exist, KUBERNETES_FORBIDDEN, KUBERNETES_REFUSED */
export async function readSourceSecret(cluster: Cluster, { namespace, name }: NamespacedName): Promise<SourceSecret> {
  const path = `/api/v1/namespaces/${encodeURIComponent(namespace)}/secrets/${encodeURIComponent(name)}`
  const response = await cluster.request({ method: 'GET', path, accept: 'application/json' })
  if (response.status === 404) throw absent({ namespace, name })
  if (response.status !== 200)
    throw readStatus(cluster, response, { verb: 'get', resource: 'secrets', namespace, name })
  const secret = readResponse(cluster, response)
  const data = Object.entries(asObject(secret['data']) ?? {}).flatMap(([key, value]) => {
    const encoded = asText(value)
    return encoded === undefined ? [] : [[key, decoded(encoded)] as const]
  })
  const type = asText(secret['type']) ?? 'Opaque'
  cluster.secrets.add(...data.flatMap(([key, value]) => secretsAt(key, value, type)))
  return { type, data: new Map(data) }
}

/** Of a Docker configuration not its hosts, which an error names. */
function secretsAt(key: string, value: Redacted, type: string): Redacted[] {
  if (type === pullSecretType && key === '.dockerconfigjson') return secretsOf(value)
  if (type === 'kubernetes.io/dockercfg' && key === '.dockercfg') return secretsOf(value, 'bare')
  return [value]
}

const decoded = (base64: string) => new Redacted(Buffer.from(base64, 'base64').toString('utf8'))

const absent = ({ namespace, name }: NamespacedName) =>
  new PullpassError({
    code: 'CREDENTIAL_SOURCE_INVALID',
    hop: 'exchange',
    seen: `Secret ${namespace}/${name} does not exist, and a registry reads its credential from it`,
    expected: 'the Secret that the document names',
    hint: `create it, or correct its name: kubectl get secrets -n ${shellOperand(namespace, 'NAMESPACE')}`,
  })
