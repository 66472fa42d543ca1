/**
 * Protects the ConfigMaps that state where tokens are sent and which identity publishes. Permission to write ConfigMaps is granted
 * widely, so writing these also requires the verb `configure` on `settings` of pullpass.dev, which cluster-admin has.
 */

import { clusterWideName, type Manifest, ownLabels, type Place } from '../manifest.ts'
import { celText } from './admission-policy.ts'

/** Documents, publishing identities, authorities, and those of deploy/issuer; kustomize adds a digest to a name. */
const settings = '^pullpass-(documents|publish|ca|issuer-credentials)(-[a-z0-9]+)?$'
/** A delete-collection request has no name; its objects have. */
const subject = '(oldObject == null ? object : oldObject).metadata'

export function renderSettingsPolicy(place: Place): Manifest[] {
  const apiVersion = 'admissionregistration.k8s.io/v1'
  const metadata = {
    name: clusterWideName(place, 'settings'),
    labels: { ...ownLabels, 'app.kubernetes.io/component': 'settings' },
  }
  const bound = { policyName: metadata.name, validationActions: ['Deny', 'Audit'] }
  return [
    { apiVersion, kind: 'ValidatingAdmissionPolicy', metadata, spec: specOf(place) },
    { apiVersion, kind: 'ValidatingAdmissionPolicyBinding', metadata, spec: bound },
  ]
}

function specOf({ namespace }: Place): object {
  const where = `namespace(${celText(namespace)}).name(${subject}.name)`
  const configures = `authorizer.group('pullpass.dev').resource('settings').${where}.check('configure').allowed()`
  const operations = ['CREATE', 'UPDATE', 'DELETE']
  return {
    failurePolicy: 'Fail',
    matchConstraints: {
      namespaceSelector: { matchLabels: { 'kubernetes.io/metadata.name': namespace } },
      resourceRules: [{ apiGroups: [''], apiVersions: ['*'], operations, resources: ['configmaps'] }],
    },
    matchConditions: [
      { name: 'the-settings', expression: `${subject}.?name.orValue('').matches(${celText(settings)})` },
      { name: 'without-configure', expression: `!${configures}` },
    ],
    validations: [
      {
        // When the namespace is deleted.
        expression:
          "request.operation == 'DELETE' && request.userInfo.username == 'system:serviceaccount:kube-system:namespace-controller'",
        message:
          'writing a ConfigMap that decides where pullpass sends tokens requires the verb configure on settings.pullpass.dev',
        reason: 'Forbidden',
      },
    ],
  }
}
