/** The little of the API's OpenAPI v3 that kubectl asks before it applies: whether the server itself looks for unknown
 *  fields. What an object is made of kubectl knows by itself. https://kubernetes.io/docs/concepts/overview/kubernetes-api/#openapi-v3 */

import type { ResourceKind } from './kinds/resource-kind.ts'
import { resourceKinds } from './kinds/resource-kinds.ts'

export const openapiPaths = (): object => ({ paths: { 'api/v1': { serverRelativeURL: '/openapi/v3/api/v1' } } })

export const openapiOfCore = (): object => ({
  openapi: '3.0.0',
  info: { title: 'Kubernetes', version: '1.34' },
  paths: Object.fromEntries(resourceKinds.map((kind) => [objectPath(kind), { patch: patchOperation(kind) }])),
  components: { schemas: {} },
})

const objectPath = ({ plural, namespaced }: ResourceKind): string =>
  namespaced ? `/api/v1/namespaces/{namespace}/${plural}/{name}` : `/api/v1/${plural}/{name}`

const patchOperation = ({ kind }: ResourceKind): object => ({
  parameters: ['dryRun', 'fieldManager', 'fieldValidation'].map((name) => ({
    name,
    in: 'query',
    schema: { type: 'string' },
  })),
  responses: { 200: { description: 'OK' } },
  'x-kubernetes-action': 'patch',
  'x-kubernetes-group-version-kind': { group: '', version: 'v1', kind },
})
