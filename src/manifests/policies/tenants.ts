/**
 * What tenants may do with PullSecrets. For the author of a PullSecret, pullpass requests the token of an account and writes a Secret:
 * the author must be allowed to do both. An update that leaves the spec as it is, such as one of labels, is not checked.
 * https://kubernetes.io/docs/reference/access-authn-authz/validating-admission-policy/#authorizer-variable
 */
import { pullSecretType } from '../../document/custom-resource.ts'
import { clusterWideName, type InstallTarget, type Manifest, ownLabels, type ResourceLimits } from '../manifest.ts'
import { celList, celText } from './admission-policy.ts'

const secretName = '(has(object.spec.secretName) ? object.spec.secretName : object.metadata.name)'

/** Nothing without PullSecrets. */
export function renderTenantPolicies(resources: ResourceLimits | undefined, installTarget: InstallTarget): Manifest[] {
  if (resources?.tenants === undefined) return []
  const { secretNames, tenants } = resources
  const apiVersion = 'admissionregistration.k8s.io/v1'
  const metadata = { name: clusterWideName(installTarget, 'tenants'), labels: ownLabels }
  const { group, resource } = pullSecretType
  const spec = {
    failurePolicy: 'Fail',
    matchConstraints: {
      resourceRules: [
        { apiGroups: [group], apiVersions: ['*'], operations: ['CREATE', 'UPDATE'], resources: [resource] },
      ],
    },
    matchConditions: [
      { name: 'spec-changed', expression: "request.operation == 'CREATE' || object.spec != oldObject.spec" },
    ],
    variables: [{ name: 'secretName', expression: secretName }],
    validations: validations(secretNames, tenants.serviceAccounts).map((one) => ({ ...one, reason: 'Forbidden' })),
  }
  const binding = { policyName: metadata.name, validationActions: ['Deny', 'Audit'] }
  return [
    { apiVersion, kind: 'ValidatingAdmissionPolicy', metadata, spec },
    { apiVersion, kind: 'ValidatingAdmissionPolicyBinding', metadata, spec: binding },
  ]
}

const mayIn = (resource: string, name: string, verb: string): string =>
  `authorizer.group('').${resource}.namespace(request.namespace).name(${name}).check('${verb}').allowed()`

const validations = (secretNames: readonly string[], accounts: readonly string[]) => [
  {
    expression: `object.spec.serviceAccountName in ${celList(accounts)}`,
    messageExpression: `'spec.serviceAccountName is ' + object.spec.serviceAccountName + ${permittedText(accounts)}`,
  },
  {
    expression: `variables.secretName in ${celList(secretNames)}`,
    messageExpression: `'the name of the Secret is ' + variables.secretName + ${permittedText(secretNames)}`,
  },
  {
    expression: mayIn("resource('serviceaccounts').subresource('token')", 'object.spec.serviceAccountName', 'create'),
    messageExpression:
      "'you may not create tokens of ServiceAccount ' + object.spec.serviceAccountName + ', so pullpass may not request one for you'",
  },
  {
    expression: mayIn("resource('secrets')", 'variables.secretName', 'patch'),
    messageExpression: "'you may not patch Secret ' + variables.secretName + ', so pullpass may not write it for you'",
  },
  {
    expression: `(has(object.spec.deletionPolicy) ? object.spec.deletionPolicy : 'Retain') != 'Delete' ||\n${mayIn("resource('secrets')", 'variables.secretName', 'delete')}`,
    messageExpression:
      "'you may not delete Secret ' + variables.secretName + ', so spec.deletionPolicy may not be Delete'",
  },
]

const permittedText = (names: readonly string[]) =>
  celText(`, which the installation does not permit; it permits: ${names.join(', ')}`)

/** The role `edit` in a namespace permits tokens of its accounts and writes of its Secrets, and the role `view` does not. */
export const renderTenantRole = (resources: ResourceLimits | undefined, installTarget: InstallTarget): Manifest[] =>
  resources?.tenants === undefined
    ? []
    : [
        {
          apiVersion: 'rbac.authorization.k8s.io/v1',
          kind: 'ClusterRole',
          metadata: { name: clusterWideName(installTarget, 'tenants'), labels: { ...ownLabels, ...aggregated } },
          rules: [
            {
              apiGroups: [pullSecretType.group],
              resources: [pullSecretType.resource],
              verbs: ['get', 'list', 'watch', 'create', 'update', 'patch', 'delete', 'deletecollection'],
            },
          ],
        },
      ]

/** https://kubernetes.io/docs/reference/access-authn-authz/rbac/#aggregated-clusterroles */
const aggregated = Object.fromEntries(
  ['edit', 'admin'].map((role) => [`rbac.authorization.k8s.io/aggregate-to-${role}`, 'true']),
)
