/** A real control plane as the contract wants it: users by RBAC objects, compaction by etcd's own gateway.
 *  https://etcd.io/docs/v3.6/dev-guide/api_grpc_gateway/ */
import { randomBytes } from 'node:crypto'
import { type ApiAnswer, askApi } from './kubernetes-client.ts'
import type { KubernetesTarget, Rule } from './kubernetes-cluster.ts'

/** With kube-controller-manager running. */
export interface RealControlPlane {
  readonly server: string
  readonly authority: string
  readonly adminToken: string
  readonly issuer: string
  /** `http://127.0.0.1:PORT` of its etcd. */
  readonly etcdAddress: string
}

export function realTarget(plane: RealControlPlane): KubernetesTarget {
  const { server: url, authority: ca, adminToken, issuer } = plane
  const send = async (method: string, path: string, body?: object): Promise<ApiAnswer> => {
    const answer = await askApi({ url, ca }, { method, path, body, token: adminToken })
    if (answer.status >= 300) throw new Error(`${method} ${path} answered ${answer.status} ${answer.object.message}`)
    return answer
  }
  return {
    url,
    ca,
    adminToken,
    issuer,
    compact: () => compact(plane.etcdAddress, send),
    collectionWithoutPast: () => createCollection(send),
    userWith: (rules) => createUser(send, rules),
  }
}

type Send = (method: string, path: string, body?: object) => Promise<ApiAnswer>

async function compact(etcdAddress: string, send: Send): Promise<void> {
  const { object } = await send('GET', '/api/v1/namespaces?limit=1')
  const revision = object.metadata?.resourceVersion
  const answer = await fetch(`${etcdAddress}/v3/kv/compaction`, {
    method: 'POST',
    body: JSON.stringify({ revision, physical: true }),
  })
  const text = await answer.text()
  // Compacted up to there by somebody else, the API server itself: as good.
  if (!answer.ok && !text.includes('has been compacted')) throw new Error(`etcd answered ${answer.status} ${text}`)
}

/** A custom resource's: the server's memory of it begins with its definition, however young the server is. */
async function createCollection(send: Send): Promise<string> {
  const plural = `things${randomBytes(3).toString('hex')}`
  const group = 'contract.example'
  await send('POST', '/apis/apiextensions.k8s.io/v1/customresourcedefinitions', {
    apiVersion: 'apiextensions.k8s.io/v1',
    kind: 'CustomResourceDefinition',
    metadata: { name: `${plural}.${group}` },
    spec: {
      group,
      scope: 'Cluster',
      names: { plural, kind: `Kind${plural}` },
      versions: [{ name: 'v1', served: true, storage: true, schema: { openAPIV3Schema: { type: 'object' } } }],
    },
  })
  const path = `/apis/${group}/v1/${plural}`
  await untilServed(send, path)
  return path
}

async function untilServed(send: Send, path: string): Promise<void> {
  for (let left = 100; left > 0; left -= 1) {
    const isServed = await send('GET', path).then(
      () => true,
      () => false, // 404 until the definition is established
    )
    if (isServed) return
    await new Promise((resolve) => setTimeout(resolve, 100))
  }
  throw new Error(`${path} is not served`)
}

/** A ServiceAccount in default with a role for each rule. */
async function createUser(send: Send, rules: readonly Rule[]): Promise<string> {
  const name = `contract-${randomBytes(4).toString('hex')}`
  await send('POST', '/api/v1/namespaces/default/serviceaccounts', { metadata: { name } })
  for (const [at, rule] of rules.entries()) await grant(send, `${name}-${at}`, { name, rule })
  const { object } = await send('POST', `/api/v1/namespaces/default/serviceaccounts/${name}/token`, { spec: {} })
  if (typeof object.status !== 'object' || !object.status.token) throw new Error('the TokenRequest gave no token')
  return object.status.token
}

async function grant(send: Send, role: string, { name, rule }: { name: string; rule: Rule }): Promise<void> {
  const { namespace, ...fields } = rule
  const prefix = `/apis/rbac.authorization.k8s.io/v1${namespace ? `/namespaces/${namespace}` : ''}`
  const kind = namespace ? 'Role' : 'ClusterRole'
  const apiGroups = rule.resources ? { apiGroups: [''] } : {}
  await send('POST', `${prefix}/${kind.toLowerCase()}s`, {
    metadata: { name: role },
    rules: [{ ...fields, ...apiGroups }],
  })
  await send('POST', `${prefix}/${kind.toLowerCase()}bindings`, {
    metadata: { name: role },
    roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind, name: role },
    subjects: [{ kind: 'ServiceAccount', name, namespace: 'default' }],
  })
}
