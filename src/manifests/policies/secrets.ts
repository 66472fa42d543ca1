/**
 * What pullpass may do to Secrets. RBAC knows only names: a Secret of the right name and of type
 * kubernetes.io/service-account-token would be filled with any account's token, and lead to cluster-admin.
 */
import type { Document } from '../../document/document.ts'
import { type AdmissionPolicy, celAny, celText, choiceInCel, namespaceLabels } from './admission-policy.ts'

const ours = (object: string) => `${object}.?metadata.labels['app.kubernetes.io/managed-by'].orValue('') == 'pullpass'`

/** What others put beside the credential, by the names of its variables. */
const beside = { Labels: 'metadata.labels', Annotations: 'metadata.annotations', Data: 'data' } as const

const variables = [
  namespaceLabels,
  // As it was; nothing where there was none. `dyn`, since the branches are of one type then.
  { name: 'before', expression: "request.operation == 'UPDATE' ? dyn(oldObject) : dyn({})" },
  ...Object.entries(beside).flatMap(([name, path]) => [
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
        expression: `request.operation != 'UPDATE' || ${ours('oldObject')} || variables.adopted`,
        message: 'pullpass may not take over a Secret that it does not label: its document does not adopt',
      },
      {
        expression: 'object.?immutable.orValue(false) == false',
        message: 'pullpass never makes a Secret immutable',
      },
      ...nothingBeside,
      {
        expression: celAny(documents.map(targets)),
        message: 'pullpass may write only the Secrets of its documents, in the namespaces that they choose',
      },
    ],
  }
}

/** Every entry is as it was, but for the free ones: each of `free` judges by `key`. */
function kept(name: keyof typeof beside, free: readonly string[]): string {
  const [before, after] = [`variables.old${name}`, `variables.new${name}`]
  return `[${before}, ${after}].all(entries,\n  entries.all(key, ${before}[?key] == ${after}[?key]${free.map((each) => `\n    || ${each}`).join('')}))`
}

/** kubectl's copy of what is taken over may hold the old password: one apply empties it, the next drops it. */
const emptied = [
  'variables.adopted',
  "key == 'kubectl.kubernetes.io/last-applied-configuration'",
  "variables.newAnnotations[?key].orValue('') == ''",
].join(' && ')

/** Others act by what a Secret carries: garbage collection by owners, deletion by finalizers, GitOps and replicators by labels. */
const nothingBeside: AdmissionPolicy['rules'] = [
  {
    expression: ['finalizers', 'ownerReferences']
      .map((field) => `object.metadata.?${field} == variables.before.?metadata.${field}`)
      .join(' &&\n'),
    message: 'pullpass changes neither finalizers nor ownerReferences of a Secret',
  },
  {
    expression: kept('Labels', ["key == 'app.kubernetes.io/managed-by'"]),
    message: 'pullpass changes no label of a Secret but app.kubernetes.io/managed-by',
  },
  {
    expression: kept('Annotations', ["key.startsWith('pullpass.dev/')", `(${emptied})`]),
    message: 'pullpass changes no annotation of a Secret but pullpass.dev/…',
  },
  {
    expression: kept('Data', ["key == '.dockerconfigjson'"]),
    message: 'pullpass changes nothing in a Secret but .dockerconfigjson',
  },
]

const targets = ({ secretName, namespaces }: Document) =>
  `request.name == ${celText(secretName)} && ${choiceInCel(namespaces)}`
