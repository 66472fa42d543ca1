/** Requests of an attacker with the installed ServiceAccount's token. */
import assert from 'node:assert/strict'
import type { TestContext } from 'node:test'
import { type ApiServer, type KubernetesRequest, requestKubernetes } from '../parts/control-plane/request-kubernetes.ts'
import { waitUntil } from '../parts/process/wait-until.ts'

/** By title: the request, and part of the expected denial. */
export type Attacks = Readonly<Record<string, { readonly request: KubernetesRequest; readonly refusal: string }>>

/** A subtest for each. */
export async function assertRefused(t: TestContext, account: ApiServer, attacks: Attacks): Promise<void> {
  for (const [title, attack] of Object.entries(attacks)) await t.test(title, () => assertOneRefused(account, attack))
}

async function assertOneRefused(account: ApiServer, { request, refusal }: Attacks[string]): Promise<void> {
  const [path, query = ''] = request.path.split('?')
  const dryRun = { ...request, path: `${path}?${query}&dryRun=All` }
  // A new policy takes effect after a moment: until then only dry runs are sent.
  await waitUntil(`a refusal: ${refusal}`, 10_000, async () => {
    const { status } = await requestKubernetes(account, dryRun)
    return status === 403 || undefined
  })
  const { status, body } = await requestKubernetes(account, request)
  const { message }: { message: string } = JSON.parse(body)
  assert.equal(status, 403)
  assert.ok(message.includes(refusal), message)
}

/** A Secret as pullpass writes it, with other `fields`. */
export const applySecret = (namespace: string, name: string, fields: object = {}): KubernetesRequest => ({
  method: 'PATCH',
  path: `/api/v1/namespaces/${namespace}/secrets/${name}?fieldManager=thief&force=true`,
  contentType: 'application/apply-patch+yaml',
  body: {
    apiVersion: 'v1',
    kind: 'Secret',
    metadata: { name, namespace, labels: { 'app.kubernetes.io/managed-by': 'pullpass' } },
    type: 'kubernetes.io/dockerconfigjson',
    data: { '.dockerconfigjson': Buffer.from('{"auths":{}}').toString('base64') },
    ...fields,
  },
})

/** The controllers store a token of the named account in it. */
export const applyTokenSecret = (namespace: string, name: string): KubernetesRequest =>
  applySecret(namespace, name, {
    metadata: {
      name,
      namespace,
      labels: { 'app.kubernetes.io/managed-by': 'pullpass' },
      annotations: { 'kubernetes.io/service-account.name': 'default' },
    },
    type: 'kubernetes.io/service-account-token',
    data: {},
  })

export const patchSecret = (namespace: string, name: string, body: object): KubernetesRequest => ({
  method: 'PATCH',
  path: `/api/v1/namespaces/${namespace}/secrets/${name}`,
  contentType: 'application/merge-patch+json',
  body,
})

/** As the controller writes them, with other fields. */
export const forgeEvent = (namespace: string, fields: object = {}): KubernetesRequest => ({
  method: 'POST',
  path: `/api/v1/namespaces/${namespace}/events`,
  body: {
    apiVersion: 'v1',
    kind: 'Event',
    metadata: { name: 'forged', namespace },
    involvedObject: { apiVersion: 'v1', kind: 'Secret', namespace, name: 'appscred' },
    reason: 'Forged',
    message: 'forged',
    type: 'Warning',
    source: { component: 'pullpass-controller' },
    reportingComponent: 'pullpass.dev/controller',
    ...fields,
  },
})

export const patchServiceAccount = (namespace: string, name: string, body: object): KubernetesRequest => ({
  method: 'PATCH',
  path: `/api/v1/namespaces/${namespace}/serviceaccounts/${name}`,
  contentType: 'application/merge-patch+json',
  body,
})

export const requestToken = (namespace: string, name: string, spec: object): KubernetesRequest => ({
  method: 'POST',
  path: `/api/v1/namespaces/${namespace}/serviceaccounts/${name}/token`,
  body: { spec: { expirationSeconds: 600, ...spec } },
})

export const evictPod = (namespace: string, name: string, deleteOptions: object = {}): KubernetesRequest => ({
  method: 'POST',
  path: `/api/v1/namespaces/${namespace}/pods/${name}/eviction`,
  body: { apiVersion: 'policy/v1', kind: 'Eviction', metadata: { name, namespace }, deleteOptions },
})
