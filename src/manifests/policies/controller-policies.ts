/**
 * What the account of the controller may report and hold: Events of its own component, about objects that it works on, and one
 * Lease, which nothing prevents from being deleted. RBAC restricts neither the content of an Event nor that of a Lease.
 */
import { clusterPullSecretType, pullSecretType } from '../../document/custom-resource.ts'
import type { Document, NamespacedName } from '../../document/document.ts'
import { controllerName, type Place, type ResourceLimits } from '../manifest.ts'
import { type AdmissionPolicy, celAny, celList, celText, namespaceLabels } from './admission-policy.ts'
import { evictionPlaces } from './evictions.ts'

export const controllerPolicies = (
  documents: readonly Document[],
  place: Pick<Place, 'namespace'>,
  resources: ResourceLimits | undefined,
  keyStates: readonly NamespacedName[],
): AdmissionPolicy[] => [eventsPolicy(documents, place, resources, keyStates), leasesPolicy(place)]

/** As src/kubernetes/objects/events.ts writes them. */
function eventsPolicy(
  documents: readonly Document[],
  { namespace }: Pick<Place, 'namespace'>,
  resources: ResourceLimits | undefined,
  keyStates: readonly NamespacedName[],
): AdmissionPolicy {
  const secretNames = new Set([...documents.map(({ secretName }) => secretName), ...(resources?.secretNames ?? [])])
  const about = 'object.involvedObject'
  const components = ['controller', ...(keyStates.length > 0 ? ['issuer'] : [])]
  return {
    about: 'events',
    operations: ['CREATE', 'UPDATE', 'DELETE'],
    resource: 'events',
    variables: [namespaceLabels],
    rules: [
      { expression: "request.operation == 'CREATE'", message: 'pullpass may not change or delete Events' },
      {
        expression: celAny(
          components.map(
            (one) =>
              `object.?source.?component.orValue('') == 'pullpass-${one}' && object.?reportingComponent.orValue('') == 'pullpass.dev/${one}'`,
          ),
        ),
        message: 'pullpass may create only Events of its own component',
      },
      {
        expression: celAny([
          `${about}.kind == 'Secret' && ${about}.name in ${celList(secretNames)}`,
          `${about}.kind == 'Lease' && ${about}.name == ${celText(controllerName)} && request.namespace == ${celText(namespace)}`,
          ...keyStates.map(
            ({ namespace: of, name }) =>
              `${about}.kind == 'ConfigMap' && ${about}.name == ${celText(name)} && request.namespace == ${celText(of)}`,
          ),
          ...evictionPlaces(documents, resources).map((place) => `${about}.kind == 'Pod' && ${place}`),
          ...(resources === undefined
            ? []
            : [
                `${about}.?apiVersion.orValue('').startsWith('${clusterPullSecretType.group}/') && ${about}.kind in ${celList([clusterPullSecretType.kind, pullSecretType.kind])}`,
              ]),
        ]),
        message:
          'pullpass may create only Events about its pull secrets, its Lease, its custom resources, its key state, and pods that it may evict',
      },
      { expression: '!has(object.related)', message: 'pullpass may not relate an Event to a further object' },
      { expression: owns('object'), message: 'pullpass may not set finalizers or ownerReferences of an Event' },
    ],
  }
}

const leasesPolicy = ({ namespace }: Pick<Place, 'namespace'>): AdmissionPolicy => ({
  about: 'leases',
  group: 'coordination.k8s.io',
  operations: ['CREATE', 'UPDATE', 'DELETE'],
  resource: 'leases',
  rules: [
    { expression: "request.operation != 'DELETE'", message: 'pullpass may not delete Leases' },
    {
      expression: `request.namespace == ${celText(namespace)} && object.metadata.name == ${celText(controllerName)}`,
      message: `pullpass may write only Lease ${controllerName} of its namespace`,
    },
    {
      // Others may have set some: they prevent no renewal.
      expression: `${owns('object')} || (request.operation == 'UPDATE' && ${['finalizers', 'ownerReferences'].map((field) => `object.metadata.?${field} == oldObject.metadata.?${field}`).join(' && ')})`,
      message: 'pullpass may not set finalizers or ownerReferences of its Lease',
    },
    {
      expression: ['labels', 'annotations']
        .map(
          (field) =>
            `(request.operation == 'CREATE' ? true : object.metadata.?${field} == oldObject.metadata.?${field})`,
        )
        .join(' && '),
      message: 'pullpass may not change the labels or annotations of its Lease',
    },
  ],
})

const owns = (object: string) =>
  `size(${object}.metadata.?finalizers.orValue([])) == 0 && size(${object}.metadata.?ownerReferences.orValue([])) == 0`
