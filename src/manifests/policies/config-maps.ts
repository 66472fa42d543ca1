/**
 * Protects ConfigMaps of the installation's namespace, because permission to write ConfigMaps is granted widely:
 *
 *   settings   state where tokens are sent and which identity publishes; writing also requires the verb `configure` on
 *              `settings` of pullpass.dev, which cluster-admin has
 *   root-ca    kube-root-ca.crt: every Pod trusts API servers with a certificate of this bundle and sends them its token; only
 *              the controller that creates it may write it
 *
 * https://kubernetes.io/docs/reference/access-authn-authz/service-accounts-admin/#token-controller
 */
import { clusterWideName, type InstallTarget, type Manifest, ownLabels } from '../manifest.ts'
import { celList, celText } from './admission-policy.ts'

/** Documents, publishing identities, authorities, those of deploy/issuer, and the configuration of nodes; kustomize adds a digest to a name. */
const settings = '^pullpass-(documents|publish|ca|issuer-credentials|node)(-[a-z0-9]+)?$'
const rootCa = 'kube-root-ca.crt'

/** A delete-collection request has no name; its objects have. */
const subject = '(oldObject == null ? object : oldObject).metadata'

const byNamespaceController = "request.userInfo.username == 'system:serviceaccount:kube-system:namespace-controller'"

/** The user of root-ca-cert-publisher; without --use-service-account-credentials it is the controller manager's. */
const rootCaPublishers = ['system:serviceaccount:kube-system:root-ca-cert-publisher', 'system:kube-controller-manager']

export const renderSettingsPolicy = (installTarget: InstallTarget): Manifest[] =>
  renderConfigMapPolicy(installTarget, 'settings', {
    matchConditions: [
      { name: 'the-settings', expression: `${subject}.?name.orValue('').matches(${celText(settings)})` },
      { name: 'without-configure', expression: `!${mayConfigure(installTarget, `${subject}.name`)}` },
    ],
    validations: [
      {
        // When the namespace is deleted.
        expression: `request.operation == 'DELETE' && ${byNamespaceController}`,
        message:
          'writing a ConfigMap that decides where pullpass sends tokens requires the verb configure on settings.pullpass.dev',
        reason: 'Forbidden',
      },
    ],
  })

export const renderRootCaPolicy = (installTarget: InstallTarget): Manifest[] =>
  renderConfigMapPolicy(installTarget, 'root-ca', {
    matchConditions: [
      { name: 'the-root-ca', expression: `${subject}.?name.orValue('') == ${celText(rootCa)}` },
      { name: 'another-user', expression: `!(request.userInfo.username in ${celList(rootCaPublishers)})` },
    ],
    validations: [
      {
        expression: "request.operation == 'DELETE'",
        message: 'only root-ca-cert-publisher may write ConfigMap kube-root-ca.crt of this namespace',
        reason: 'Forbidden',
      },
      {
        // The controller creates it again, so deletion repairs one that was changed and made immutable.
        expression: `request.operation != 'DELETE' || ${byNamespaceController} || ${mayConfigure(installTarget, celText(rootCa))}`,
        message:
          'deleting ConfigMap kube-root-ca.crt of this namespace requires the verb configure on settings.pullpass.dev',
        reason: 'Forbidden',
      },
    ],
  })

const mayConfigure = ({ namespace }: InstallTarget, name: string): string =>
  `authorizer.group('pullpass.dev').resource('settings').namespace(${celText(namespace)}).name(${name}).check('configure').allowed()`

interface Rules {
  readonly matchConditions: readonly object[]
  readonly validations: readonly object[]
}

function renderConfigMapPolicy(installTarget: InstallTarget, name: string, rules: Rules): Manifest[] {
  const apiVersion = 'admissionregistration.k8s.io/v1'
  const metadata = {
    name: clusterWideName(installTarget, name),
    labels: { ...ownLabels, 'app.kubernetes.io/component': name },
  }
  const spec = {
    failurePolicy: 'Fail',
    matchConstraints: {
      namespaceSelector: { matchLabels: { 'kubernetes.io/metadata.name': installTarget.namespace } },
      resourceRules: [
        { apiGroups: [''], apiVersions: ['*'], operations: ['CREATE', 'UPDATE', 'DELETE'], resources: ['configmaps'] },
      ],
    },
    ...rules,
  }
  const binding = { policyName: metadata.name, validationActions: ['Deny', 'Audit'] }
  return [
    { apiVersion, kind: 'ValidatingAdmissionPolicy', metadata, spec },
    { apiVersion, kind: 'ValidatingAdmissionPolicyBinding', metadata, spec: binding },
  ]
}
