/**
 * Protects ConfigMap kube-root-ca.crt of the installation's namespace: every Pod there trusts API servers with a certificate of
 * this bundle, and sends them its token. Only the controller that creates it may write it, whatever RBAC grants.
 * https://kubernetes.io/docs/reference/access-authn-authz/service-accounts-admin/#token-controller
 */

import { clusterWideName, type Manifest, ownLabels, type Place } from '../manifest.ts'
import { celList, celText } from './admission-policy.ts'

const rootCa = 'kube-root-ca.crt'

/** The user of root-ca-cert-publisher; without --use-service-account-credentials it is the controller manager's. */
const publishers = ['system:serviceaccount:kube-system:root-ca-cert-publisher', 'system:kube-controller-manager']

/** A delete-collection request has no name; its objects have. */
const subject = '(oldObject == null ? object : oldObject).metadata'

export function renderRootCaPolicy(place: Place): Manifest[] {
  const apiVersion = 'admissionregistration.k8s.io/v1'
  const metadata = {
    name: clusterWideName(place, 'root-ca'),
    labels: { ...ownLabels, 'app.kubernetes.io/component': 'root-ca' },
  }
  const binding = { policyName: metadata.name, validationActions: ['Deny', 'Audit'] }
  return [
    { apiVersion, kind: 'ValidatingAdmissionPolicy', metadata, spec: specOf(place) },
    { apiVersion, kind: 'ValidatingAdmissionPolicyBinding', metadata, spec: binding },
  ]
}

function specOf({ namespace }: Place): object {
  const configure = [
    `authorizer.group('pullpass.dev').resource('settings').namespace(${celText(namespace)})`,
    `.name(${celText(rootCa)}).check('configure').allowed()`,
  ].join('')
  return {
    failurePolicy: 'Fail',
    matchConstraints: {
      namespaceSelector: { matchLabels: { 'kubernetes.io/metadata.name': namespace } },
      resourceRules: [
        {
          apiGroups: [''],
          apiVersions: ['*'],
          operations: ['CREATE', 'UPDATE', 'DELETE'],
          resources: ['configmaps'],
        },
      ],
    },
    matchConditions: [
      { name: 'the-root-ca', expression: `${subject}.?name.orValue('') == ${celText(rootCa)}` },
      { name: 'another-user', expression: `!(request.userInfo.username in ${celList(publishers)})` },
    ],
    validations: [
      {
        expression: "request.operation == 'DELETE'",
        message: 'only root-ca-cert-publisher may write ConfigMap kube-root-ca.crt of this namespace',
        reason: 'Forbidden',
      },
      {
        // The controller creates it again, so deletion repairs one that was changed and made immutable.
        expression: [
          "request.operation != 'DELETE' || ",
          "request.userInfo.username == 'system:serviceaccount:kube-system:namespace-controller' || ",
          configure,
        ].join(''),
        message:
          'deleting ConfigMap kube-root-ca.crt of this namespace requires the verb configure on settings.pullpass.dev',
        reason: 'Forbidden',
      },
    ],
  }
}
