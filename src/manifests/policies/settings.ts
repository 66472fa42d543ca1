/**
 * Protects the ConfigMaps that state where tokens are sent and which identity publishes. Permission to write ConfigMaps is granted
 * widely, so writing these also requires the verb `configure` on `settings` of pullpass.dev, which cluster-admin has.
 */

import { foreignName, type Manifest, ownLabels, type Place } from '../manifest.ts'
import { celText } from './admission-policy.ts'

/** Of documents, of who publishes, and deploy/issuer's; kustomize adds a digest to a name. */
const settings = '^pullpass-(documents|publish|ca|issuer-credentials)(-[a-z0-9]+)?$'
/** A deletion of many names none of them in the request. */
const asked = '(oldObject == null ? object : oldObject).metadata'

export function renderSettingsPolicy(place: Place): Manifest[] {
  const apiVersion = 'admissionregistration.k8s.io/v1'
  const metadata = {
    name: foreignName(place, 'settings'),
    labels: { ...ownLabels, 'app.kubernetes.io/component': 'settings' },
  }
  const bound = { policyName: metadata.name, validationActions: ['Deny', 'Audit'] }
  return [
    { apiVersion, kind: 'ValidatingAdmissionPolicy', metadata, spec: specOf(place) },
    { apiVersion, kind: 'ValidatingAdmissionPolicyBinding', metadata, spec: bound },
  ]
}

function specOf({ namespace }: Place): object {
  const where = `namespace(${celText(namespace)}).name(${asked}.name)`
  const configures = `authorizer.group('pullpass.dev').resource('settings').${where}.check('configure').allowed()`
  const operations = ['CREATE', 'UPDATE', 'DELETE']
  return {
    failurePolicy: 'Fail',
    matchConstraints: {
      namespaceSelector: { matchLabels: { 'kubernetes.io/metadata.name': namespace } },
      resourceRules: [{ apiGroups: [''], apiVersions: ['*'], operations, resources: ['configmaps'] }],
    },
    matchConditions: [
      { name: 'the-settings', expression: `${asked}.?name.orValue('').matches(${celText(settings)})` },
      { name: 'without-configure', expression: `!${configures}` },
    ],
    validations: [
      {
        // Of a namespace that is deleted as a whole.
        expression:
          "request.operation == 'DELETE' && request.userInfo.username == 'system:serviceaccount:kube-system:namespace-controller'",
        message:
          'what says to whom pullpass sends tokens is not written without the verb configure on settings.pullpass.dev',
        reason: 'Forbidden',
      },
    ],
  }
}
