/**
 * Restricts pullpass's writes to Secrets. RBAC restricts only names: a Secret of an allowed name and of type
 * kubernetes.io/service-account-token would be filled with any account's token, which allows escalation to cluster-admin.
 */
import type { Document } from '../../document/document.ts'
import { type AdmissionPolicy, celAny, celText, choiceInCel, namespaceLabels } from './admission-policy.ts'

const ours = (object: string) => `${object}.?metadata.labels['app.kubernetes.io/managed-by'].orValue('') == 'pullpass'`

/** Other content of a Secret, by the suffix of its variables. */
const otherFields = { Labels: 'metadata.labels', Annotations: 'metadata.annotations', Data: 'data' } as const

const variables = [
  namespaceLabels,
  // The previous object, or an empty one. `dyn` gives both branches one type.
  { name: 'before', expression: "request.operation == 'UPDATE' ? dyn(oldObject) : dyn({})" },
  ...Object.entries(otherFields).flatMap(([name, path]) => [
    { name: `old${name}`, expression: `variables.before.?${path}.orValue({})` },
    { name: `new${name}`, expression: `object.?${path}.orValue({})` },
  ]),
]

export function secretsPolicy(documents: readonly Document[]): AdmissionPolicy {
  const adopted = celAny(documents.filter(({ conflictPolicy }) => conflictPolicy === 'Adopt').map(targets))
  return {
    about: 'secrets',
    operations: ['CREATE', 'UPDATE', 'DELETE'],
    resource: 'secrets',
    variables: [...variables, { name: 'adopted', expression: adopted }],
    rules: [
      { expression: "request.operation != 'DELETE'", message: 'pullpass may not delete Secrets' },
      {
        expression: "object.type == 'kubernetes.io/dockerconfigjson'",
        message: 'pullpass may write only Secrets of type kubernetes.io/dockerconfigjson',
      },
      {
        expression: ours('object'),
        message: 'pullpass may write only Secrets labelled app.kubernetes.io/managed-by=pullpass',
      },
      {
        expression: `request.operation != 'UPDATE' || ${ours('oldObject')} || variables.adopted`,
        message: 'pullpass may not adopt a Secret without its label: the document does not set conflictPolicy: Adopt',
      },
      {
        expression: 'object.?immutable.orValue(false) == false',
        message: 'pullpass may not make a Secret immutable',
      },
      ...noOtherFields,
      {
        expression: celAny(documents.map(targets)),
        message: 'pullpass may write only the Secrets of its documents, in the namespaces that they select',
      },
    ],
  }
}

/** Every entry is unchanged, except those for which an expression of `free` on `key` is true. */
function kept(name: keyof typeof otherFields, free: readonly string[]): string {
  const [before, after] = [`variables.old${name}`, `variables.new${name}`]
  return `[${before}, ${after}].all(entries,\n  entries.all(key, ${before}[?key] == ${after}[?key]${free.map((each) => `\n    || ${each}`).join('')}))`
}

/** kubectl's annotation of an adopted Secret can contain the old password: one apply empties it, the next removes it. */
const emptied = [
  'variables.adopted',
  "key == 'kubectl.kubernetes.io/last-applied-configuration'",
  "variables.newAnnotations[?key].orValue('') == ''",
].join(' && ')

/** Other controllers act on metadata: garbage collection on owners, deletion on finalizers, GitOps and replicators on labels. */
const noOtherFields: AdmissionPolicy['rules'] = [
  {
    expression: ['finalizers', 'ownerReferences']
      .map((field) => `object.metadata.?${field} == variables.before.?metadata.${field}`)
      .join(' &&\n'),
    message: 'pullpass may not change finalizers or ownerReferences of a Secret',
  },
  {
    expression: kept('Labels', ["key == 'app.kubernetes.io/managed-by'"]),
    message: 'pullpass may not change labels of a Secret other than app.kubernetes.io/managed-by',
  },
  {
    expression: kept('Annotations', ["key.startsWith('pullpass.dev/')", `(${emptied})`]),
    message: 'pullpass may not change annotations of a Secret other than pullpass.dev/…',
  },
  {
    expression: kept('Data', ["key == '.dockerconfigjson'"]),
    message: 'pullpass may not change data of a Secret other than .dockerconfigjson',
  },
]

const targets = ({ secretName, namespaces }: Document) =>
  `request.name == ${celText(secretName)} && ${choiceInCel(namespaces)}`
