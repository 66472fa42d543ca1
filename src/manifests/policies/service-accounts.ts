/** Restricts pullpass's writes to ServiceAccounts: only its Secrets are added to imagePullSecrets, as documents specify. */
import type { Document } from '../../document/document.ts'
import { type AdmissionPolicy, celAny, celList, choiceInCel, namespaceLabels } from './admission-policy.ts'

const keptFields = [
  'metadata.?labels',
  'metadata.?annotations',
  'metadata.?ownerReferences',
  'metadata.?finalizers',
  '?secrets',
  '?automountServiceAccountToken',
]

export function serviceAccountsPolicy(documents: readonly Document[]): AdmissionPolicy {
  const attaching = documents.filter(({ attachToServiceAccounts }) => attachToServiceAccounts.length > 0)
  const ownSecrets = new Set(attaching.map(({ secretName }) => secretName))
  return {
    about: 'serviceaccounts',
    operations: ['CREATE', 'UPDATE', 'DELETE'],
    resource: 'serviceaccounts',
    variables: [
      namespaceLabels,
      { name: 'before', expression: namesIn('oldObject') },
      { name: 'after', expression: namesIn('object') },
    ],
    rules: [
      {
        expression: "request.operation == 'UPDATE'",
        message: 'pullpass may not create or delete ServiceAccounts',
      },
      {
        expression: keptFields.map((field) => `object.${field} == oldObject.${field}`).join(' &&\n'),
        message: 'pullpass may change only imagePullSecrets of a ServiceAccount',
      },
      {
        expression: 'variables.before.all(name, name in variables.after)',
        message: 'pullpass may not remove entries of imagePullSecrets',
      },
      {
        expression: `variables.after.all(name, name in variables.before || name in ${celList(ownSecrets)})`,
        message: 'pullpass may add only the Secrets of its documents to imagePullSecrets',
      },
      {
        expression: celAny(attaching.map(targets)),
        message: 'pullpass may change only the ServiceAccounts of its documents, in the namespaces that they select',
      },
    ],
  }
}

const namesIn = (account: string) => `${account}.?imagePullSecrets.orValue([]).map(entry, entry.?name.orValue(''))`

const targets = ({ attachToServiceAccounts, namespaces }: Document) =>
  `request.name in ${celList(attachToServiceAccounts)} && ${choiceInCel(namespaces)}`
