/** Requests that the installed ServiceAccount may not make, with the message of the API server. */
import type { ApiServer } from '../parts/control-plane/request-kubernetes.ts'
import {
  type Attacks,
  applySecret,
  applyTokenSecret,
  forgeEvent,
  patchSecret,
  patchServiceAccount,
  requestToken,
} from './attack.ts'

/** Requests that no installation has permission for. */
export const notPermitted = (namespace: string, ownSecret: string): Attacks => ({
  'read a Secret of another name': {
    request: { path: `/api/v1/namespaces/${namespace}/secrets/other` },
    refusal: 'cannot get resource "secrets"',
  },
  'list every Secret': { request: { path: '/api/v1/secrets' }, refusal: 'cannot list resource "secrets"' },
  'write a Secret of another name': {
    request: applySecret(namespace, 'other'),
    refusal: 'cannot patch resource "secrets"',
  },
  'delete its own Secret': {
    request: { method: 'DELETE', path: `/api/v1/namespaces/${namespace}/secrets/${ownSecret}` },
    refusal: 'cannot delete resource "secrets"',
  },
  'delete all Secrets': {
    request: { method: 'DELETE', path: `/api/v1/namespaces/${namespace}/secrets` },
    refusal: 'cannot deletecollection resource "secrets"',
  },
  'delete a ServiceAccount': {
    request: { method: 'DELETE', path: `/api/v1/namespaces/${namespace}/serviceaccounts/default` },
    refusal: 'cannot delete resource "serviceaccounts"',
  },
  "request another account's token": {
    request: requestToken('kube-system', 'default', { audiences: [] }),
    refusal: 'cannot create resource "serviceaccounts/token"',
  },
  'run a Pod': {
    request: { method: 'POST', path: `/api/v1/namespaces/${namespace}/pods`, body: { metadata: { name: 'thief' } } },
    refusal: 'cannot create resource "pods"',
  },
  'delete the policies': {
    request: { method: 'DELETE', path: '/apis/admissionregistration.k8s.io/v1/validatingadmissionpolicies' },
    refusal: 'cannot deletecollection resource "validatingadmissionpolicies"',
  },
})

const otherNamespace = 'pullpass may write only the Secrets of its documents, in the namespaces that they select'
const otherToken =
  'pullpass may request only tokens of the accounts of its documents, for the audiences of their registries'

/**
 * Requests that RBAC permits for a document with Secret appscred in apps-* except apps-legacy, attached to the accounts default,
 * with tokens of image-system/puller. In apps-b the Secret has another manager, in apps-c there is none.
 */
export const notInDocument = ({ server }: ApiServer, audience: string): Attacks => ({
  'create a token Secret in kube-system': {
    request: applyTokenSecret('kube-system', 'appscred'),
    refusal: 'pullpass may write only Secrets of type kubernetes.io/dockerconfigjson',
  },
  'create a pull secret in kube-system': {
    request: applySecret('kube-system', 'appscred'),
    refusal: otherNamespace,
  },
  'create a pull secret in a namespace that is excluded': {
    request: applySecret('apps-legacy', 'appscred'),
    refusal: otherNamespace,
  },
  'create a Secret without our label': {
    request: applySecret('apps-c', 'appscred', { metadata: { name: 'appscred' } }),
    refusal: 'pullpass may write only Secrets labelled app.kubernetes.io/managed-by=pullpass',
  },
  'make a Secret immutable': {
    request: applySecret('apps-c', 'appscred', { immutable: true }),
    refusal: 'pullpass may not make a Secret immutable',
  },
  "take over another manager's Secret": {
    request: applySecret('apps-b', 'appscred'),
    refusal: 'pullpass may not adopt a Secret without its label',
  },
  ...annotatedSecrets('apps-a'), // with the Secret
  ...annotatedSecrets('apps-c'), // without it
  'request a token for the API server': {
    request: requestToken('image-system', 'puller', { audiences: [server] }),
    refusal: otherToken,
  },
  'request a token without an audience, which is for the API server': {
    request: requestToken('image-system', 'puller', {}),
    refusal: otherToken,
  },
  'request a token also for the API server': {
    request: requestToken('image-system', 'puller', { audiences: [audience, server] }),
    refusal: 'pullpass may request only tokens with one audience',
  },
  'request a long-lived token': {
    request: requestToken('image-system', 'puller', { audiences: [audience], expirationSeconds: 7200 }),
    refusal: 'pullpass may request only tokens with a lifetime of at most 600 s',
  },
  "change a ServiceAccount's labels": {
    request: patchServiceAccount('apps-a', 'default', { metadata: { labels: { images: 'private' } } }),
    refusal: 'pullpass may change only imagePullSecrets of a ServiceAccount',
  },
  'enable automountServiceAccountToken': {
    request: patchServiceAccount('apps-a', 'default', { automountServiceAccountToken: true }),
    refusal: 'pullpass may change only imagePullSecrets of a ServiceAccount',
  },
  'remove another pull secret from a ServiceAccount': {
    request: patchServiceAccount('apps-a', 'default', { imagePullSecrets: [{ name: 'appscred' }] }),
    refusal: 'pullpass may not remove entries of imagePullSecrets',
  },
  'attach a Secret that is not its own': {
    request: patchServiceAccount('apps-a', 'default', {
      imagePullSecrets: [{ name: 'other' }, { name: 'appscred' }, { name: 'stolen' }],
    }),
    refusal: 'pullpass may add only the Secrets of its documents to imagePullSecrets',
  },
  'repeat its Secret in a ServiceAccount': {
    request: patchServiceAccount('apps-a', 'default', {
      imagePullSecrets: [{ name: 'other' }, ...Array.from({ length: 3_000 }, () => ({ name: 'appscred' }))],
    }),
    refusal: 'pullpass may add each name to imagePullSecrets only once',
  },
  'repeat another pull secret of a ServiceAccount': {
    request: patchServiceAccount('apps-a', 'default', {
      imagePullSecrets: [{ name: 'other' }, { name: 'other' }, { name: 'appscred' }],
    }),
    refusal: 'pullpass may add each name to imagePullSecrets only once',
  },
  'attach its Secret in kube-system': {
    request: patchServiceAccount('kube-system', 'default', {
      imagePullSecrets: [{ name: 'other' }, { name: 'appscred' }],
    }),
    refusal: 'pullpass may change only the ServiceAccounts of its documents, in the namespaces that they select',
  },
})

/** A pull secret with fields that other tools act on: controllers, GitOps tools, replicators, readers of other keys. */
function annotatedSecrets(namespace: string): Attacks {
  const labels = { 'app.kubernetes.io/managed-by': 'pullpass' }
  const marked = (metadata: object) =>
    applySecret(namespace, 'appscred', { metadata: { name: 'appscred', labels, ...metadata } })
  const absentOwner = { apiVersion: 'v1', kind: 'ConfigMap', name: 'gone', uid: '00000000-0000-4000-8000-000000000000' }
  const owners = 'pullpass may not change finalizers or ownerReferences of a Secret'
  const annotations = 'pullpass may not change annotations of a Secret other than pullpass.dev/'
  return {
    [`keep the Secret in ${namespace} from being deleted`]: {
      request: marked({ finalizers: ['thief.example.com/never'] }),
      refusal: owners,
    },
    [`have the Secret in ${namespace} deleted by garbage collection`]: {
      request: marked({ ownerReferences: [absentOwner] }),
      refusal: owners,
    },
    [`label the Secret in ${namespace} for a GitOps tool`]: {
      request: marked({ labels: { ...labels, 'argocd.argoproj.io/secret-type': 'cluster' } }),
      refusal: 'pullpass may not change labels of a Secret other than app.kubernetes.io/managed-by',
    },
    [`have a replicator fill the Secret in ${namespace}`]: {
      request: marked({ annotations: { 'replicator.v1.mittwald.de/replicate-from': 'kube-system/other' } }),
      refusal: annotations,
    },
    [`write kubectl's annotation in ${namespace}`]: {
      request: marked({ annotations: { 'kubectl.kubernetes.io/last-applied-configuration': '' } }),
      refusal: annotations,
    },
    [`write another key into the Secret in ${namespace}`]: {
      request: applySecret(namespace, 'appscred', { stringData: { server: 'https://thief.example.com' } }),
      refusal: 'pullpass may not change data of a Secret other than .dockerconfigjson',
    },
  }
}

/** Requests that remove what others wrote in addition to the credential. */
export const removeFieldsOfOthers = (namespace: string, name: string): Attacks => ({
  "remove another manager's finalizer": {
    request: patchSecret(namespace, name, { metadata: { finalizers: null } }),
    refusal: 'pullpass may not change finalizers or ownerReferences of a Secret',
  },
  "remove another manager's label": {
    request: patchSecret(namespace, name, { metadata: { labels: { team: null } } }),
    refusal: 'pullpass may not change labels of a Secret other than app.kubernetes.io/managed-by',
  },
  "change another manager's annotation": {
    request: patchSecret(namespace, name, { metadata: { annotations: { note: 'thief' } } }),
    refusal: 'pullpass may not change annotations of a Secret other than pullpass.dev/',
  },
  "fill in kubectl's annotation": {
    request: patchSecret(namespace, name, {
      metadata: { annotations: { 'kubectl.kubernetes.io/last-applied-configuration': '{}' } },
    }),
    refusal: 'pullpass may not change annotations of a Secret other than pullpass.dev/',
  },
  "remove another manager's key": {
    request: patchSecret(namespace, name, { data: { other: null } }),
    refusal: 'pullpass may not change data of a Secret other than .dockerconfigjson',
  },
})

/** Events that the role of issuer watch or issuer serve permits, beyond those that it writes. */
export const ownEvents = (account: string): Attacks => {
  const place = 'pullpass-system'
  const issuer = { source: { component: 'pullpass-issuer' }, reportingComponent: 'pullpass.dev/issuer' }
  const keyState = { apiVersion: 'v1', kind: 'ConfigMap', namespace: place, name: 'pullpass-issuer' }
  return {
    'forge an Event of the kubelet': {
      request: forgeEvent(place, { source: { component: 'kubelet' }, reportingComponent: 'kubelet' }),
      refusal: `${account} may create only Events of its own component`,
    },
    'create an Event about a Secret': {
      request: forgeEvent(place, issuer),
      refusal: `${account} may create only Events about its key state`,
    },
    'create an Event with a further object': {
      request: forgeEvent(place, { ...issuer, involvedObject: keyState, related: keyState }),
      refusal: `${account} may not relate an Event to a further object`,
    },
  }
}

const tenYears = 315_360_000

/** Token requests that the role of issuer watch or issuer serve permits for its own account, beyond what it needs. */
export const ownTokens = (account: string, { server }: ApiServer): Attacks => {
  const request = (spec: object) => requestToken('pullpass-system', account, spec)
  const audiences = ['pullpass.dev/issuer']
  const refusal = `${account} may request only tokens for audience pullpass.dev/issuer`
  return {
    'request a token for the API server with a lifetime of ten years': {
      request: request({ audiences: [server], expirationSeconds: tenYears }),
      refusal,
    },
    'request a token without an audience, which is for the API server': { request: request({}), refusal },
    'request a token for the API server as well': { request: request({ audiences: [...audiences, server] }), refusal },
    'request a token for a cloud': { request: request({ audiences: ['sts.amazonaws.com'] }), refusal },
    'request a token with a lifetime over 10 minutes': {
      request: request({ audiences, expirationSeconds: 601 }),
      refusal: `${account} may request only tokens with a lifetime of at most 600 s`,
    },
  }
}

/** The same account with all permissions. */
export const refusedToIssuerAsClusterAdmin = (account: string): Attacks => ({
  "request another account's token": {
    request: requestToken('kube-system', 'default', { audiences: ['pullpass.dev/issuer'] }),
    refusal: `${account} may request only tokens of its own account`,
  },
  'request a token of another account of its namespace': {
    request: requestToken('pullpass-system', 'default', { audiences: ['pullpass.dev/issuer'] }),
    refusal: `${account} may request only tokens of its own account`,
  },
  'create a token Secret': {
    request: applyTokenSecret('kube-system', 'stolen'),
    refusal: `${account} may not write Secrets`,
  },
  'create a pull secret': { request: applySecret('default', 'regcred'), refusal: `${account} may not write Secrets` },
  'create an Event in another namespace': {
    request: forgeEvent('kube-system', {
      involvedObject: { apiVersion: 'v1', kind: 'ConfigMap', namespace: 'kube-system', name: 'pullpass-issuer' },
      source: { component: 'pullpass-issuer' },
      reportingComponent: 'pullpass.dev/issuer',
    }),
    refusal: `${account} may create only Events about its key state`,
  },
  'create a ServiceAccount': {
    request: {
      method: 'POST',
      path: '/api/v1/namespaces/default/serviceaccounts',
      body: { metadata: { name: 'new' } },
    },
    refusal: `${account} may not write ServiceAccounts`,
  },
  'change a ServiceAccount': {
    request: patchServiceAccount('default', 'default', { automountServiceAccountToken: true }),
    refusal: `${account} may not write ServiceAccounts`,
  },
})

/** Attacks that only the policies deny. */
export const refusedToClusterAdmin = (audience: string): Attacks => ({
  'write a Secret of another name': {
    request: applySecret('apps-a', 'other'),
    refusal: otherNamespace,
  },
  'delete a Secret': {
    request: { method: 'DELETE', path: '/api/v1/namespaces/apps-a/secrets/appscred' },
    refusal: 'pullpass may not delete Secrets',
  },
  "request another account's token": {
    request: requestToken('kube-system', 'default', { audiences: [audience] }),
    refusal: otherToken,
  },
  'request a token of its own account for the API server with a lifetime of ten years': {
    request: requestToken('apps-system', 'pullpass', { audiences: [], expirationSeconds: tenYears }),
    refusal: otherToken,
  },
  'create a ServiceAccount': {
    request: {
      method: 'POST',
      path: '/api/v1/namespaces/apps-a/serviceaccounts',
      body: { metadata: { name: 'new' } },
    },
    refusal: 'pullpass may not create or delete ServiceAccounts',
  },
  'delete a ServiceAccount': {
    request: { method: 'DELETE', path: '/api/v1/namespaces/apps-a/serviceaccounts/default' },
    refusal: 'pullpass may not create or delete ServiceAccounts',
  },
})
