/**
 * One Lease that the account of the controller may hold, and that nothing prevents from being deleted. RBAC does not restrict the content
 * of a Lease.
 */
import { controllerName, type InstallTarget } from '../manifest.ts'
import { type AdmissionPolicy, celText, ownedByNothing } from './admission-policy.ts'

export const leasesPolicy = ({ namespace }: Pick<InstallTarget, 'namespace'>): AdmissionPolicy => ({
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
      expression: `${ownedByNothing} || (request.operation == 'UPDATE' && ${['finalizers', 'ownerReferences'].map((field) => `object.metadata.?${field} == oldObject.metadata.?${field}`).join(' && ')})`,
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
