/**
 * What pullpass may do to Secrets. RBAC knows only names: a Secret of the right name and of type
 * kubernetes.io/service-account-token would be filled with any account's token, and lead to cluster-admin.
 */
import type { Document } from '../document/document.ts'
import type { AdmissionPolicy } from './admission-policy.ts'
import { celAny, celText } from './cel.ts'
import { choiceInCel, namespaceLabels } from './choice-in-cel.ts'

const ours = (object: string) => `${object}.?metadata.labels['app.kubernetes.io/managed-by'].orValue('') == 'pullpass'`

export function secretsPolicy(documents: readonly Document[]): AdmissionPolicy {
  const adopting = documents.filter(({ conflictPolicy }) => conflictPolicy === 'Adopt')
  const adopted = adopting.length === 0 ? '' : ` ||\n${celAny(adopting.map(targets))}`
  return {
    about: 'secrets',
    operations: ['CREATE', 'UPDATE', 'DELETE'],
    resource: 'secrets',
    variables: [namespaceLabels],
    rules: [
      { expression: "request.operation != 'DELETE'", message: 'pullpass deletes no Secret' },
      {
        expression: "object.type == 'kubernetes.io/dockerconfigjson'",
        message: 'pullpass may write only Secrets of type kubernetes.io/dockerconfigjson',
      },
      {
        expression: ours('object'),
        message: 'pullpass may write only Secrets labelled app.kubernetes.io/managed-by=pullpass',
      },
      {
        expression: `request.operation != 'UPDATE' || ${ours('oldObject')}${adopted}`,
        message: 'pullpass may not take over a Secret that it does not label: its document does not adopt',
      },
      {
        expression: 'object.?immutable.orValue(false) == false',
        message: 'pullpass never makes a Secret immutable',
      },
      {
        expression: celAny(documents.map(targets)),
        message: 'pullpass may write only the Secrets of its documents, in the namespaces that they choose',
      },
    ],
  }
}

const targets = ({ secretName, namespaces }: Document) =>
  `request.name == ${celText(secretName)} && ${choiceInCel(namespaces)}`
