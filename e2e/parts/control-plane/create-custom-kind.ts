/** A new custom resource kind, whose collection has no earlier versions. */
import { randomBytes } from 'node:crypto'
import { waitUntil } from '../process/wait-until.ts'
import { type ApiServer, requestKubernetes } from './request-kubernetes.ts'

const group = 'new.example.com'

/** Returns the path of its collection. */
export async function createCustomKind(apiServer: ApiServer): Promise<string> {
  const singular = `new${randomBytes(4).toString('hex')}`
  const names = { plural: `${singular}s`, singular, kind: `N${singular.slice(1)}` }
  const schema = { openAPIV3Schema: { type: 'object' } }
  const body = {
    metadata: { name: `${names.plural}.${group}` },
    spec: { group, scope: 'Cluster', names, versions: [{ name: 'v1', served: true, storage: true, schema }] },
  }
  const definitions = '/apis/apiextensions.k8s.io/v1/customresourcedefinitions'
  const created = await requestKubernetes(apiServer, { method: 'POST', path: definitions, body })
  if (created.status !== 201) throw new Error(`${definitions} returned ${created.status}: ${created.body}`)
  const path = `/apis/${group}/v1/${names.plural}`
  const isServed = async () => (await requestKubernetes(apiServer, { path })).status === 200 || undefined
  await waitUntil(`${path} to be served`, 20_000, isServed)
  return path
}
