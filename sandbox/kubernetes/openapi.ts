/** The part of OpenAPI v3 that kubectl reads before an apply: whether the server supports field validation. The sandbox has
 *  no schemas. https://kubernetes.io/docs/concepts/overview/kubernetes-api/#openapi-v3 */

import type { ResourceKind } from './kinds/resource-kind.ts'
import { resourceKinds, versionOfGroup } from './kinds/resource-kinds.ts'

const rootOf = (group: string): string => (group ? `apis/${group}/${versionOfGroup(group)}` : 'api/v1')

export const openapiPaths = (groups: readonly string[]): object => ({
  paths: Object.fromEntries(
    groups.map((group) => [rootOf(group), { serverRelativeURL: `/openapi/v3/${rootOf(group)}` }]),
  ),
})

export const openapiOf = (group: string): object => ({
  openapi: '3.0.0',
  info: { title: 'Kubernetes', version: '1.34' },
  paths: Object.fromEntries(
    resourceKinds
      .filter((kind) => kind.group === group)
      .map((kind) => [objectPath(kind), { patch: patchOperation(kind) }]),
  ),
  components: { schemas: {} },
})

const objectPath = ({ group, plural, namespaced }: ResourceKind): string =>
  `/${rootOf(group)}/${namespaced ? 'namespaces/{namespace}/' : ''}${plural}/{name}`

const patchOperation = ({ group, kind }: ResourceKind): object => ({
  parameters: ['dryRun', 'fieldManager', 'fieldValidation'].map((name) => ({
    name,
    in: 'query',
    schema: { type: 'string' },
  })),
  responses: { 200: { description: 'OK' } },
  'x-kubernetes-action': 'patch',
  'x-kubernetes-group-version-kind': { group, version: versionOfGroup(group), kind },
})
