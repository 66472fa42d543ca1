/** The output of `pullpass manifests --controller` in a real API server: it needs all of its permissions, and they allow nothing else. */
import assert from 'node:assert/strict'
import { before, suite, test } from 'node:test'
import { waitForStderr } from '../../test/commands/issuer/wait-for-stderr.ts'
import { type Attacks, assertRefused, evictPod, forgeEvent } from '../install/attack.ts'
import { notInDocument, notPermitted, refusedToClusterAdmin } from '../install/attacks.ts'
import {
  bindToClusterAdmin,
  createNamespace,
  createSecret,
  createServiceAccount,
  createStuckPod,
  deleteControllerLease,
  deleteSecret,
  resetImagePullSecrets,
} from '../install/cluster-objects.ts'
import { type Installation, install, tryCreatePod } from '../install/install.ts'
import { assertEachPermissionNeeded } from '../install/remove-permissions.ts'
import { provider, serviceAccountEmail, startInstallSetup } from '../install/start-install-setup.ts'
import { runInstalledController, startInstalledController } from '../install/start-installed-controller.ts'
import { waitUntil } from '../parts/process/wait-until.ts'
import { withRealPart } from '../parts/real-part.ts'

const audience = `//iam.googleapis.com/${provider}`
const document = `
  apiVersion: pullpass.dev/v1alpha1
  kind: ClusterPullSecret
  metadata: {name: appscred}
  spec:
    namespaces: {include: ["apps-*"], exclude: [apps-legacy]}
    attachToServiceAccounts: [default]
    stuckPods: Evict
    serviceAccountRef: {namespace: image-system, name: puller}
    registries:
      - name: google
        hosts: [europe-docker.pkg.dev]
        gcp: {workloadIdentityProvider: ${provider}, serviceAccountEmail: ${serviceAccountEmail}}`
const system = 'apps-system'
const leasePath = `/apis/coordination.k8s.io/v1/namespaces/${system}/leases`

const lease = (name: string) => ({
  apiVersion: 'coordination.k8s.io/v1',
  kind: 'Lease',
  metadata: { name },
  spec: { holderIdentity: 'thief' },
})

/** Requests that no role of the controller permits, or one of its policies denies. */
const ofControllers: Attacks = {
  'take the Lease of another controller': {
    request: {
      method: 'PATCH',
      path: `${leasePath}/other?fieldManager=thief&force=true`,
      contentType: 'application/apply-patch+yaml',
      body: lease('other'),
    },
    refusal: 'cannot patch resource "leases"',
  },
  'take the Lease of the scheduler': {
    request: {
      method: 'PATCH',
      path: '/apis/coordination.k8s.io/v1/namespaces/kube-system/leases/kube-scheduler',
      contentType: 'application/merge-patch+json',
      body: { spec: { holderIdentity: 'thief' } },
    },
    refusal: 'cannot patch resource "leases"',
  },
  'create a Lease by POST': {
    request: { method: 'POST', path: leasePath, body: lease('new') },
    refusal: 'cannot create resource "leases"',
  },
  'delete its Lease': {
    request: { method: 'DELETE', path: `${leasePath}/pullpass-controller` },
    refusal: 'cannot delete resource "leases"',
  },
  'edit its documents': {
    request: {
      method: 'PATCH',
      path: `/api/v1/namespaces/${system}/configmaps/pullpass-documents`,
      contentType: 'application/merge-patch+json',
      body: { data: {} },
    },
    refusal: 'cannot patch resource "configmaps"',
  },
  'run another image': {
    request: {
      method: 'PATCH',
      path: `/apis/apps/v1/namespaces/${system}/deployments/pullpass-controller`,
      contentType: 'application/merge-patch+json',
      body: { spec: { replicas: 0 } },
    },
    refusal: 'cannot patch resource "deployments"',
  },
  'watch every Secret': {
    request: { path: '/api/v1/secrets?watch=true' },
    refusal: 'cannot watch resource "secrets"',
  },
  'create a ServiceAccount': {
    request: {
      method: 'POST',
      path: '/api/v1/namespaces/apps-a/serviceaccounts',
      body: { metadata: { name: 'new' } },
    },
    refusal: 'cannot create resource "serviceaccounts"',
  },
  'create a namespace': {
    request: { method: 'POST', path: '/api/v1/namespaces', body: { metadata: { name: 'apps-new' } } },
    refusal: 'cannot create resource "namespaces"',
  },
  'delete a Pod': {
    request: { method: 'DELETE', path: '/api/v1/namespaces/apps-a/pods/none' },
    refusal: 'cannot delete resource "pods"',
  },
  'read the log of a Pod': {
    request: { path: '/api/v1/namespaces/apps-a/pods/none/log' },
    refusal: 'cannot get resource "pods/log"',
  },
  'evict a Pod of kube-system': {
    request: evictPod('kube-system', 'none'),
    refusal: 'pullpass may evict only pods in the namespaces of documents with stuckPods: Evict',
  },
  'evict a Pod of a namespace that is excluded': {
    request: evictPod('apps-legacy', 'none'),
    refusal: 'pullpass may evict only pods in the namespaces of documents with stuckPods: Evict',
  },
  'forge an Event of the kubelet': {
    request: forgeEvent('apps-a', { source: { component: 'kubelet' }, reportingComponent: 'kubelet' }),
    refusal: 'pullpass may create only Events of its own component',
  },
  'forge an Event of the kubelet in the group events.k8s.io': {
    request: {
      method: 'POST',
      path: '/apis/events.k8s.io/v1/namespaces/apps-a/events',
      body: { metadata: { name: 'forged' } },
    },
    refusal: 'cannot create resource "events" in API group "events.k8s.io"',
  },
  'create an Event about a Node': {
    request: forgeEvent('default', { involvedObject: { kind: 'Node', name: 'one', apiVersion: 'v1' } }),
    refusal: 'pullpass may create only Events about its pull secrets in the namespaces of its documents,',
  },
  'create an Event about a Secret of its name in kube-system': {
    request: forgeEvent('kube-system'),
    refusal: 'pullpass may create only Events about its pull secrets in the namespaces of its documents,',
  },
  'create an Event about a Secret of its name in a namespace that is excluded': {
    request: forgeEvent('apps-legacy'),
    refusal: 'pullpass may create only Events about its pull secrets in the namespaces of its documents,',
  },
  'create an Event with a finalizer': {
    request: forgeEvent('apps-a', { metadata: { name: 'forged', finalizers: ['example.com/stay'] } }),
    refusal: 'pullpass may not set finalizers or ownerReferences of an Event',
  },
  'create an Event with a further object': {
    request: forgeEvent('apps-a', { related: { kind: 'Pod', name: 'one', namespace: 'apps-a', apiVersion: 'v1' } }),
    refusal: 'pullpass may not relate an Event to a further object',
  },
  'annotate its Lease': {
    request: {
      method: 'PATCH',
      path: `${leasePath}/pullpass-controller`,
      contentType: 'application/merge-patch+json',
      body: { metadata: { annotations: { forged: 'x' } } },
    },
    refusal: 'pullpass may not change the labels or annotations of its Lease',
  },
  'prevent the deletion of its Lease': {
    request: {
      method: 'PATCH',
      path: `${leasePath}/pullpass-controller`,
      contentType: 'application/merge-patch+json',
      body: { metadata: { finalizers: ['example.com/stay'] } },
    },
    refusal: 'pullpass may not set finalizers or ownerReferences of its Lease',
  },
  'make its Lease the property of another object': {
    request: {
      method: 'PATCH',
      path: `${leasePath}/pullpass-controller`,
      contentType: 'application/merge-patch+json',
      body: { metadata: { ownerReferences: [{ apiVersion: 'v1', kind: 'ConfigMap', name: 'x', uid: 'y' }] } },
    },
    refusal: 'pullpass may not set finalizers or ownerReferences of its Lease',
  },
  'read Events': {
    request: { path: '/api/v1/namespaces/apps-a/events' },
    refusal: 'cannot list resource "events"',
  },
}

await withRealPart('an API server and kubectl', startInstallSetup, (setup) => {
  suite('a controller, installed from a document with a glob and requested tokens', () => {
    const namespaces = ['apps-a', 'apps-b', 'apps-c']
    let installation: Installation
    before(async () => {
      for (const name of [...namespaces, 'apps-legacy', 'image-system']) await createNamespace(setup, name)
      for (const name of [...namespaces, 'kube-system']) await createServiceAccount(setup, name, 'default')
      await createServiceAccount(setup, 'image-system', 'puller')
      installation = await install(setup, { namespace: system, from: document, flags: ['--controller'] })
      setup.trust({ namespace: 'image-system', name: 'puller' })
    })

    const hasSecret = async (namespace: string): Promise<boolean> => {
      const path = `/api/v1/namespaces/${namespace}/secrets?fieldSelector=metadata.name%3Dappscred`
      const { items }: { items: unknown[] } = JSON.parse((await setup.admin({ path })).body)
      return items.length === 1
    }
    const isAttached = async (namespace: string): Promise<boolean> => {
      const path = `/api/v1/namespaces/${namespace}/serviceaccounts/default`
      const { imagePullSecrets }: { imagePullSecrets: unknown } = JSON.parse((await setup.admin({ path })).body)
      return JSON.stringify(imagePullSecrets) === '[{"name":"other"},{"name":"appscred"}]'
    }
    const stuckPod = { image: 'europe-docker.pkg.dev/example/app', secret: 'appscred' }
    const hasStuckPod = async (namespace: string): Promise<boolean> => {
      const path = `/api/v1/namespaces/${namespace}/pods?fieldSelector=metadata.name%3Dstuck`
      const { items }: { items: unknown[] } = JSON.parse((await setup.admin({ path })).body)
      return items.length === 1
    }

    test('kubectl applies all of it without warnings of the API server, and admits its Pod', async () => {
      assert.deepEqual([installation.applied.exitCode, installation.applied.stderr], [0, ''])
      const created = await tryCreatePod(installation, system)
      assert.deepEqual([created.exitCode, created.stderr], [0, ''])
    })

    test('kubectl kustomize renders deploy/controller, and the API server accepts it', async () => {
      const rendered = await installation.kubectl(['kustomize', 'deploy/controller'], '')
      assert.deepEqual([rendered.exitCode, rendered.stderr], [0, ''])
      const applied = await installation.kubectl(['apply', '--server-side', '-f', '-'], rendered.stdout)
      assert.deepEqual([applied.exitCode, applied.stderr], [0, ''])
    })

    test('two replicas write every pull secret with the permissions of their account, without a failure', async (t) => {
      await createStuckPod(setup, 'apps-a', stuckPod)
      const replicas = [startInstalledController(installation, system), startInstalledController(installation, system)]
      t.after(() => {
        for (const { child } of replicas) child.kill('SIGKILL')
      })
      await Promise.all(
        replicas.map(({ child }) => waitForStderr(child, /this replica leads|another replica leads, this one/)),
      )
      for (const name of [...namespaces, system]) {
        await waitUntil(`the Secret in ${name}`, 20_000, async () => (await hasSecret(name)) || undefined)
      }
      assert.equal(await hasSecret('apps-legacy'), false)
      await createServiceAccount(setup, system, 'default') // after its namespace and the Secret
      for (const name of [...namespaces, system])
        await waitUntil(`the account in ${name}`, 20_000, async () => (await isAttached(name)) || undefined)
      await waitUntil('the eviction', 20_000, async () => !(await hasStuckPod('apps-a')) || undefined)
      for (const { child } of replicas) child.kill('SIGTERM')
      const ends = await Promise.all(replicas.map(({ ended }) => ended))
      assert.deepEqual(
        ends.map(({ exitCode }) => exitCode),
        [0, 0],
      )
      const logs = ends.map(({ stderr }) => stderr)
      assert.equal(logs.filter((text) => text.includes('a pull secret was written')).length, 1, logs.join('\n'))
      assert.doesNotMatch(logs.join('\n'), / (?:error|warn) /)
    })

    test('without any one of its permissions a failure is reported, and states which', async (t) => {
      const reset = async () => {
        for (const name of ['apps-a', 'apps-c', system]) await deleteSecret(setup, name, 'appscred')
        await resetImagePullSecrets(setup, 'apps-a', 'default')
        await createStuckPod(setup, 'apps-a', stuckPod)
        await createSecret(setup, 'apps-b', 'appscred') // a conflict, which is an Event
        await deleteControllerLease(setup, system)
      }
      const user = `system:serviceaccount:${system}:pullpass`
      const reports = /grant the rule/
      const refresh = async () => await runInstalledController(installation, system, { reports, limitMs: 20_000 })
      await assertEachPermissionNeeded(t, { setup, installation: { ...installation, refresh }, user, reset })
    })

    test('its permissions allow nothing else', async (t) => {
      const reports = /a pull secret was written .*namespace="apps-a"/
      await runInstalledController(installation, system, { reports, limitMs: 20_000 })
      await deleteSecret(setup, 'apps-c', 'appscred')
      await assertRefused(t, installation.account, {
        ...notPermitted('apps-a', 'appscred'),
        ...notInDocument(setup.apiServer, audience),
        ...ofControllers,
      })
    })

    test('even as cluster-admin, by mistake, it is restricted by its policies', async (t) => {
      await bindToClusterAdmin(setup, system)
      await assertRefused(t, installation.account, {
        ...refusedToClusterAdmin(audience),
        'forge an Event in the group events.k8s.io': {
          request: {
            method: 'POST',
            path: '/apis/events.k8s.io/v1/namespaces/apps-a/events',
            body: {
              metadata: { name: 'forged', namespace: 'apps-a' },
              eventTime: '2026-11-24T12:00:00.000000Z',
              reportingController: 'kubelet',
              reportingInstance: 'one',
              action: 'Pull',
              reason: 'Forged',
              type: 'Warning',
              regarding: { apiVersion: 'v1', kind: 'Secret', namespace: 'apps-a', name: 'appscred' },
            },
          },
          refusal: 'pullpass may create only Events of its own component',
        },
        'take the Lease of the scheduler': {
          request: {
            method: 'PUT',
            path: '/apis/coordination.k8s.io/v1/namespaces/kube-system/leases/kube-scheduler',
            body: lease('kube-scheduler'),
          },
          refusal: 'pullpass may write only Lease pullpass-controller of its namespace',
        },
      })
    })
  })
})
