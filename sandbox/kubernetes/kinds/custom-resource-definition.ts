/** CustomResourceDefinitions: those of the custom resources that the sandbox knows make it serve them; it does not validate by
 *  their schemas. https://kubernetes.io/docs/reference/kubernetes-api/extend-resources/custom-resource-definition-v1/ */
import { leaf, leaves, objectOf, struct } from '../fields/field-shape.ts'
import { isRecord, type KubernetesObject } from '../objects/kubernetes-object.ts'
import { type ResourceKind, withGeneration } from './resource-kind.ts'

export const customResourceDefinition: ResourceKind = {
  group: 'apiextensions.k8s.io',
  kind: 'CustomResourceDefinition',
  plural: 'customresourcedefinitions',
  singular: 'customresourcedefinition',
  shortNames: ['crd', 'crds'],
  namespaced: false,
  subresources: ['status'],
  shape: objectOf({
    spec: struct({
      ...leaves('group', 'scope', 'versions', 'preserveUnknownFields'),
      names: struct(leaves('plural', 'singular', 'kind', 'listKind', 'shortNames', 'categories')),
      conversion: struct(leaves('strategy', 'webhook')),
    }),
    status: leaf,
  }),
  mergeKeys: { ownerReferences: 'uid', finalizers: '' },
  selectable: {},
  deleteResponse: 'status',
  applyDefaults: (object) => ({ ...object, spec: { conversion: { strategy: 'None' }, ...specOf(object) } }),
  addServerFields: (object, before) =>
    withGeneration({ ...object, status: statusOf(object) }, before, ({ spec }) => spec),
  check: () => [],
}

const specOf = ({ spec }: KubernetesObject): Record<string, unknown> => (isRecord(spec) ? spec : {})

/** The real API server sets it a moment after the creation. */
function statusOf(object: KubernetesObject): object {
  const { names, versions } = specOf(object)
  const stored = Array.isArray(versions) ? versions.filter(isRecord).filter(({ storage }) => storage === true) : []
  const condition = (type: string, reason: string, message: string) => ({ type, status: 'True', reason, message })
  return {
    conditions: [
      condition('NamesAccepted', 'NoConflicts', 'no conflicts found'),
      condition('Established', 'InitialNamesAccepted', 'the initial names have been accepted'),
    ],
    acceptedNames: names ?? {},
    storedVersions: stored.map(({ name }) => name),
  }
}
