/** Requests that the account of a controller for custom resources may not make, with Secret appscred and accounts default. */
import { clusterPullSecretsPath } from '../parts/control-plane/deploy-files.ts'
import { type Attacks, applySecret, evictPod, forgeEvent, patchServiceAccount } from './attack.ts'

/** Requests on custom resources that no role of the controller permits. */
export const onResources: Attacks = {
  'change its spec': {
    request: {
      method: 'PATCH',
      path: `${clusterPullSecretsPath}/pull`,
      contentType: 'application/merge-patch+json',
      body: { spec: { deletionPolicy: 'Delete' } },
    },
    refusal: 'cannot patch resource "clusterpullsecrets"',
  },
  'create one': {
    request: { method: 'POST', path: clusterPullSecretsPath, body: { metadata: { name: 'thief' } } },
    refusal: 'cannot create resource "clusterpullsecrets"',
  },
  'delete one': {
    request: { method: 'DELETE', path: `${clusterPullSecretsPath}/pull` },
    refusal: 'cannot delete resource "clusterpullsecrets"',
  },
  'delete all': {
    request: { method: 'DELETE', path: clusterPullSecretsPath },
    refusal: 'cannot deletecollection resource "clusterpullsecrets"',
  },
  'delete their definition': {
    request: {
      method: 'DELETE',
      path: '/apis/apiextensions.k8s.io/v1/customresourcedefinitions/clusterpullsecrets.pullpass.dev',
    },
    refusal: 'cannot delete resource "customresourcedefinitions"',
  },
  'write the status of another kind': {
    request: {
      method: 'PATCH',
      path: '/apis/apps/v1/namespaces/apps-system/deployments/pullpass-controller/status',
      contentType: 'application/merge-patch+json',
      body: { status: { replicas: 0 } },
    },
    refusal: 'cannot patch resource "deployments/status"',
  },
}

const uid = '00000000-0000-4000-8000-000000000000'
export const absentOwner: Readonly<Record<string, string>> = {
  apiVersion: 'pullpass.dev/v1alpha1',
  kind: 'ClusterPullSecret',
  name: 'gone',
  uid,
}
const otherOwners: Readonly<Record<string, readonly object[]>> = {
  'a ConfigMap': [{ ...absentOwner, apiVersion: 'v1', kind: 'ConfigMap' }],
  'a ClusterRole': [{ ...absentOwner, apiVersion: 'rbac.authorization.k8s.io/v1', kind: 'ClusterRole' }],
  'another kind of pullpass.dev': [{ ...absentOwner, kind: 'Other' }],
  'another version': [{ ...absentOwner, apiVersion: 'pullpass.dev/v1' }],
  'the kind of another group': [{ ...absentOwner, apiVersion: 'example.com/v1alpha1' }],
  'a ClusterPullSecret as controller': [{ ...absentOwner, controller: true }],
  'a ClusterPullSecret whose deletion is blocked': [{ ...absentOwner, blockOwnerDeletion: true }],
  'two ClusterPullSecrets': [
    absentOwner,
    { ...absentOwner, name: 'other', uid: uid.replace('4', '5').replace(/0$/, '1') },
  ],
  'a ClusterPullSecret and a ConfigMap': [
    absentOwner,
    { ...absentOwner, apiVersion: 'v1', kind: 'ConfigMap', uid: uid.replace(/0$/, '1') },
  ],
}

/** On a Secret that exists, and on one that does not. */
export const ownedByOthers: Attacks = Object.fromEntries(
  ['apps-a', 'apps-c'].flatMap((namespace) =>
    Object.entries(otherOwners).map(([title, ownerReferences]) => {
      const labels = { 'app.kubernetes.io/managed-by': 'pullpass' }
      const metadata = { name: 'appscred', labels, ownerReferences }
      const refusal = 'pullpass may not change finalizers or ownerReferences of a Secret, other than one'
      return [
        `have the Secret in ${namespace} owned by ${title}`,
        { request: applySecret(namespace, 'appscred', { metadata }), refusal },
      ]
    }),
  ),
)

const deletion = (namespace: string, name = 'appscred') =>
  ({ method: 'DELETE', path: `/api/v1/namespaces/${namespace}/secrets/${name}` }) as const

/** RBAC permits them, by the name. */
export const otherDeletions: Attacks = {
  "delete another manager's Secret": {
    request: deletion('apps-b'),
    refusal: 'pullpass may delete only Secrets that it wrote, and that a ClusterPullSecret owns',
  },
  'delete a Secret of an object with deletionPolicy: Retain': {
    request: deletion('apps-a'),
    refusal: 'pullpass may delete only Secrets that it wrote, and that a ClusterPullSecret owns',
  },
  'delete a Secret in kube-system': {
    request: deletion('kube-system'),
    refusal: 'pullpass may delete only the Secrets of --secret-name outside of kube-*',
  },
}

const onlyEvents = 'pullpass may create only Events about its pull secrets in the namespaces of its documents,'

/** In the namespaces of its custom resources RBAC permits most of them, by the name or for any pod. */
export const onAccountsAndPods: Attacks = {
  'attach to a ServiceAccount of another name': {
    request: patchServiceAccount('apps-a', 'builder', { imagePullSecrets: [{ name: 'appscred' }] }),
    refusal: 'cannot patch resource "serviceaccounts"',
  },
  'replace a ServiceAccount': {
    request: { method: 'PUT', path: '/api/v1/namespaces/apps-a/serviceaccounts/default', body: {} },
    refusal: 'cannot update resource "serviceaccounts"',
  },
  'delete a Pod': {
    request: { method: 'DELETE', path: '/api/v1/namespaces/apps-a/pods/none' },
    refusal: 'cannot delete resource "pods"',
  },
  'evict a Pod of kube-system': {
    request: evictPod('kube-system', 'none', { preconditions: { uid } }),
    refusal: 'pullpass may evict only pods outside of kube-*',
  },
  'create an Event about a Pod of kube-system': {
    request: forgeEvent('kube-system', {
      involvedObject: { apiVersion: 'v1', kind: 'Pod', namespace: 'kube-system', name: 'none' },
    }),
    refusal: onlyEvents,
  },
  'create an Event about a Secret of its name in kube-system': {
    request: forgeEvent('kube-system'),
    refusal: onlyEvents,
  },
  'create an Event about a PullSecret in kube-system': {
    request: forgeEvent('kube-system', {
      involvedObject: {
        apiVersion: 'pullpass.dev/v1alpha1',
        kind: 'PullSecret',
        namespace: 'kube-system',
        name: 'none',
      },
    }),
    refusal: onlyEvents,
  },
  'evict whatever Pod has a name': {
    request: evictPod('apps-a', 'none'),
    refusal: 'pullpass may evict only the pod of a UID, and with the grace period of that pod',
  },
  'evict a Pod without its grace period': {
    request: evictPod('apps-a', 'none', {
      preconditions: { uid },
      gracePeriodSeconds: 0,
    }),
    refusal: 'pullpass may evict only the pod of a UID, and with the grace period of that pod',
  },
}

/** The policies of this installation name flags. */
export const withFlags = (attacks: Attacks): Attacks =>
  Object.fromEntries(
    Object.entries(attacks).map(([title, { request, refusal }]) => [
      title,
      {
        request,
        refusal: refusal
          .replace(/^(pullpass may write only the Secrets of) its .*$/, '$1 --secret-name outside of kube-*')
          .replace(/^pullpass may not delete Secrets$/, 'pullpass may delete only Secrets that it wrote, and that')
          .replace(/^(pullpass may request only tokens of) the accounts .*$/, '$1 --service-account for --audience')
          .replace(/^(pullpass may add only the Secrets of) its documents .*$/, '$1 --secret-name')
          .replace(/^(pullpass may change only the ServiceAccounts of) its .*$/, '$1 --attach-service-account outside'),
      },
    ]),
  )
