/**
 * Restricts pullpass's writes to Secrets. RBAC restricts only names: a Secret of an allowed name and of type
 * kubernetes.io/service-account-token would be filled with any account's token, which allows escalation to cluster-admin.
 */
import { clusterPullSecretType, pullSecretType } from '../../document/custom-resource.ts'
import type { Document } from '../../document/document.ts'
import type { ResourceLimits } from '../manifest.ts'
import {
  type AdmissionPolicy,
  celAny,
  celList,
  celText,
  choiceInCel,
  namespaceLabels,
  outsideOfSystem,
} from './admission-policy.ts'

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

/** `resources`: what custom resources may use; absent: there are none. */
export function secretsPolicy(documents: readonly Document[], resources?: ResourceLimits): AdmissionPolicy {
  const adopted = celAny(documents.filter(({ conflictPolicy }) => conflictPolicy === 'Adopt').map(targets))
  return {
    about: 'secrets',
    operations: ['CREATE', 'UPDATE', 'DELETE'],
    resource: 'secrets',
    variables: [
      ...variables,
      { name: 'adopted', expression: adopted },
      ...(resources === undefined ? [] : ownerVariables),
    ],
    rules: [
      ...(resources === undefined ? noDeletion : onlyOwnDeletions(resources)),
      ...writeRules(documents, resources).map(({ expression, message }) => ({
        expression: resources === undefined ? expression : celAny(["request.operation == 'DELETE'", expression]),
        message,
      })),
    ],
  }
}

const writeRules = (
  documents: readonly Document[],
  resources: ResourceLimits | undefined,
): AdmissionPolicy['rules'] => [
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
  resources === undefined ? noOwners : onlyOwnOwner(resources),
  ...noOtherFields,
  {
    expression: celAny([...documents.map(targets), ...(resources === undefined ? [] : [targetsOf(resources)])]),
    message:
      resources === undefined
        ? 'pullpass may write only the Secrets of its documents, in the namespaces that they select'
        : 'pullpass may write only the Secrets of --secret-name outside of kube-*, and those of its documents in files, in the namespaces that they select',
  },
]

const noDeletion: AdmissionPolicy['rules'] = [
  { expression: "request.operation != 'DELETE'", message: 'pullpass may not delete Secrets' },
]

/** As `deletionPolicy: Delete` does in namespaces that are no longer selected. */
const onlyOwnDeletions = (resources: ResourceLimits): AdmissionPolicy['rules'] => [
  {
    expression: celAny(["request.operation != 'DELETE'", targetsOf(resources)]),
    message: 'pullpass may delete only the Secrets of --secret-name outside of kube-*',
  },
  {
    expression: celAny([
      "request.operation != 'DELETE'",
      [
        "oldObject.type == 'kubernetes.io/dockerconfigjson'",
        ours('oldObject'),
        "oldObject.metadata.?annotations['pullpass.dev/target'].orValue('') == request.namespace + '/' + request.name",
        `oldObject.metadata.?ownerReferences.orValue([]).exists(owner, ${isOwnedBy([clusterPullSecretType.kind])})`,
      ].join(' && '),
    ]),
    message: 'pullpass may delete only Secrets that it wrote, and that a ClusterPullSecret owns',
  },
]

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

const unchanged = (field: string) => `object.metadata.?${field} == variables.before.?metadata.${field}`

/** Garbage collection acts on owners, deletion on finalizers. */
const noOwners = {
  expression: ['finalizers', 'ownerReferences'].map(unchanged).join(' &&\n'),
  message: 'pullpass may not change finalizers or ownerReferences of a Secret',
}

/** As `deletionPolicy: Delete` writes it. A reference that blocks the deletion of its owner is another one. */
const isOwnedBy = (kinds: readonly string[]): string =>
  [
    `owner.apiVersion == ${celText(`${clusterPullSecretType.group}/${clusterPullSecretType.version}`)}`,
    `owner.kind in ${celList(kinds)}`,
    '!owner.?controller.orValue(false)',
    '!owner.?blockOwnerDeletion.orValue(false)',
  ].join(' && ')

const ownerVariables = [
  { name: 'oldOwners', expression: 'variables.before.?metadata.ownerReferences.orValue([])' },
  { name: 'newOwners', expression: 'object.metadata.?ownerReferences.orValue([])' },
]

/** One custom resource, in addition to what other clients wrote. */
function onlyOwnOwner({ tenants }: ResourceLimits): AdmissionPolicy['rules'][number] {
  const kinds = [clusterPullSecretType, ...(tenants === undefined ? [] : [pullSecretType])].map(({ kind }) => kind)
  const isOwn = isOwnedBy(kinds)
  return {
    expression: [
      unchanged('finalizers'),
      `variables.newOwners.filter(owner, !(${isOwn})) == variables.oldOwners.filter(owner, !(${isOwn}))`,
      `size(variables.newOwners.filter(owner, ${isOwn})) <= 1`,
    ].join(' &&\n'),
    message: `pullpass may not change finalizers or ownerReferences of a Secret, other than one to a ${kinds.join(' or ')}`,
  }
}

/** GitOps tools and replicators act on labels and annotations. */
const noOtherFields: AdmissionPolicy['rules'] = [
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

const targetsOf = ({ secretNames }: ResourceLimits) => `request.name in ${celList(secretNames)} && ${outsideOfSystem}`
