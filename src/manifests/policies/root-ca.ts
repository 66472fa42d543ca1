/**
 * Protects ConfigMap kube-root-ca.crt of the installation's namespace: every Pod there trusts the API servers that it vouches
 * for, and sends them its token. Only the controller that creates it may write it; permission to write ConfigMaps does not suffice.
 * https://kubernetes.io/docs/reference/access-authn-authz/service-accounts-admin/#token-controller
 */

import { foreignName, type Manifest, ownLabels, type Place } from '../manifest.ts'
import { celList, celText } from './admission-policy.ts'

const rootCa = 'kube-root-ca.crt'

/** root-ca-cert-publisher: as its own account, or without --use-service-account-credentials as the controller manager. */
const publishers = ['system:serviceaccount:kube-system:root-ca-cert-publisher', 'system:kube-controller-manager']

/** In a delete-collection request the request itself has no name: only the objects have. */
const subject = '(oldObject == null ? object : oldObject).metadata'

export function renderRootCaPolicy(place: Place): Manifest[] {
  const apiVersion = 'admissionregistration.k8s.io/v1'
  const metadata = {
    name: foreignName(place, 'root-ca'),
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
        message: 'ConfigMap kube-root-ca.crt of this namespace is written by root-ca-cert-publisher alone',
        reason: 'Forbidden',
      },
      {
        // The controller creates it again, so that deleting it repairs one that was changed and made immutable.
        expression: [
          "request.operation != 'DELETE' || ",
          "request.userInfo.username == 'system:serviceaccount:kube-system:namespace-controller' || ",
          configure,
        ].join(''),
        message:
          'ConfigMap kube-root-ca.crt of this namespace is not deleted without the verb configure on settings.pullpass.dev',
        reason: 'Forbidden',
      },
    ],
  }
}
