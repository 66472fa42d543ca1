/** Restricts writes to ServiceAccounts (only the documents’ Secrets are added to imagePullSecrets) and requests for tokens. */
import { type Document, requestedAccount } from '../../document/document.ts'
import { freshTokenRequest } from '../../oidc/cluster/cluster-issuer.ts'
import type { Account, ResourceLimits } from '../manifest.ts'
import { type BoundRegistry, longestLifeSeconds, tokenRequestsOf } from '../projected-tokens.ts'
import {
  type AdmissionPolicy,
  celAny,
  celList,
  celText,
  choiceInCel,
  namespaceLabels,
  outsideOfSystem,
} from './admission-policy.ts'

const keptFields = [
  'metadata.?labels',
  'metadata.?annotations',
  'metadata.?ownerReferences',
  'metadata.?finalizers',
  '?secrets',
  '?automountServiceAccountToken',
]

/** `resources`: what custom resources may use; absent: there are none. */
export function serviceAccountsPolicy(documents: readonly Document[], resources?: ResourceLimits): AdmissionPolicy {
  const attaching = [...documents.flatMap(attachmentsOf), ...(resources === undefined ? [] : attachmentsIn(resources))]
  const ofResources = resources !== undefined && resources.attachedAccounts.length > 0
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
        expression: celAny(attaching.map(({ accounts }) => accounts)),
        message: ofResources
          ? 'pullpass may change only the ServiceAccounts of --attach-service-account outside of kube-*, and those of its documents in files, in the namespaces that they select'
          : 'pullpass may change only the ServiceAccounts of its documents, in the namespaces that they select',
      },
      {
        expression: `variables.before.all(name, name in variables.after${removable(attaching)})`,
        message: `pullpass may not remove entries of imagePullSecrets${ofResources ? ' other than the Secrets of --secret-name' : ''}`,
      },
      {
        expression: `variables.after.all(name, name in variables.before ||\n${celAny(attaching.map(addable))})`,
        message: `pullpass may add only ${ofResources ? 'the Secrets of --secret-name, and of its documents in files,' : 'the Secrets of its documents'} to imagePullSecrets`,
      },
      {
        // An entry that is repeated thousands of times would be in each new pod.
        expression: `size(variables.after) <= size(variables.before) + size(${celList(new Set(attaching.flatMap(({ secretNames }) => secretNames)))}.filter(name, name in variables.after && !(name in variables.before)))`,
        message: 'pullpass may add each name to imagePullSecrets only once',
      },
    ],
  }
}

/** Which accounts may refer to which Secrets. */
interface Attachment {
  /** An expression: whether the account of the request is one of them. */
  readonly accounts: string
  readonly secretNames: readonly string[]
  /** With `deletionPolicy: Delete`, which a file cannot have, entries are removed. */
  readonly entries: 'kept' | 'removable'
}

const attachmentsOf = ({ attachToServiceAccounts, secretName, namespaces }: Document): Attachment[] =>
  attachToServiceAccounts.length === 0
    ? []
    : [
        {
          accounts: `request.name in ${celList(attachToServiceAccounts)} && ${choiceInCel(namespaces)}`,
          secretNames: [secretName],
          entries: 'kept',
        },
      ]

const attachmentsIn = ({ attachedAccounts, secretNames }: ResourceLimits): Attachment[] =>
  attachedAccounts.length === 0
    ? []
    : [
        {
          accounts: `request.name in ${celList(attachedAccounts)} && ${outsideOfSystem}`,
          secretNames,
          entries: 'removable',
        },
      ]

const addable = ({ accounts, secretNames }: Attachment): string => `name in ${celList(secretNames)} && ${accounts}`

const removable = (attaching: readonly Attachment[]): string =>
  attaching.flatMap((one) => (one.entries === 'removable' ? ` || (${addable(one)})` : [])).join('')

const namesIn = (account: string) => `${account}.?imagePullSecrets.orValue([]).map(entry, entry.?name.orValue(''))`

/** For custom resources: as long as a credential that ends with its token, of the default lifetime, needs it. */
const resourceTokenSeconds = 3_660

/**
 * Restricts the tokens that pullpass requests. A token for the API server's audience would act as that account; a request without an
 * audience has that audience, also in admission. `watching`: an account whose own token shows the signing key.
 */
export function tokensPolicy(
  registries: readonly BoundRegistry[],
  resources?: ResourceLimits,
  watching?: Account,
): AdmissionPolicy {
  const longest = Math.max(
    resources === undefined || resources.audiences.length === 0 ? 0 : resourceTokenSeconds,
    longestLifeSeconds(
      registries.filter(({ document, registry }) => requestedAccount(document, registry) !== undefined),
    ),
  )
  const { accounts: allowed = [], audiences: allowedAudiences = [], tenants } = resources ?? {}
  const requests = [
    ...tokenRequestsOf(registries),
    ...allowed.map((account) => ({ account, audiences: allowedAudiences })),
  ]
  const accounts = requests.map(
    ({ account: { namespace, name }, audiences }) =>
      `request.namespace == ${celText(namespace)} && request.name == ${celText(name)} && object.spec.audiences[0] in ${celList(audiences)}`,
  )
  const { audience, lifeSeconds } = freshTokenRequest
  const ofWatch =
    watching === undefined
      ? []
      : [
          `request.namespace == ${celText(watching.namespace)} && request.name == ${celText(watching.name)} && object.spec.audiences[0] == ${celText(audience)} && object.spec.expirationSeconds <= ${lifeSeconds}`,
        ]
  const ofTenants =
    tenants &&
    `request.name in ${celList(tenants.serviceAccounts)} && ${outsideOfSystem} && object.spec.audiences[0] in ${celList(allowedAudiences)}`
  return {
    about: 'tokens',
    operations: ['CREATE'],
    resource: 'serviceaccounts/token',
    rules: [
      {
        expression: 'size(object.spec.audiences) == 1',
        message: 'pullpass may request only tokens with one audience',
      },
      {
        expression: celAny([...accounts, ...ofWatch, ...(ofTenants === undefined ? [] : [ofTenants])]),
        message:
          resources === undefined
            ? 'pullpass may request only tokens of the accounts of its documents, for the audiences of their registries'
            : `pullpass may request only tokens of --service-account for --audience,${tenants === undefined ? '' : ' those of --tenant-service-account outside of kube-*,'} and those that its documents in files need`,
      },
      {
        expression: `object.spec.expirationSeconds <= ${longest}`,
        message: `pullpass may request only tokens with a lifetime of at most ${longest} s`,
      },
    ],
  }
}
