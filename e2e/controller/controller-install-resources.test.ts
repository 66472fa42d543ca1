/** `pullpass manifests --controller --custom-resources` in a real API server: within its allow-list, and nothing else. */
import assert from 'node:assert/strict'
import { before, suite, test } from 'node:test'
import type { ResourceStatus } from '../../src/document/custom-resource.ts'
import { assertRefused } from '../install/attack.ts'
import { notInDocument, notPermitted, refusedToClusterAdmin } from '../install/attacks.ts'
import {
  bindToClusterAdmin,
  createNamespace,
  createReplicaSet,
  createSecret,
  createServiceAccount,
  deleteControllerLease,
  deleteSecret,
  resetImagePullSecrets,
  stickReplica,
} from '../install/cluster-objects.ts'
import { type Installation, install, tryCreatePod } from '../install/install.ts'
import { assertEachPermissionNeeded } from '../install/remove-permissions.ts'
import {
  absentOwner,
  onAccountsAndPods,
  onResources,
  otherDeletions,
  ownedByOthers,
  withFlags,
} from '../install/resource-attacks.ts'
import {
  googleHosts,
  type InstallSetup,
  provider,
  serviceAccountEmail,
  startInstallSetup,
} from '../install/start-install-setup.ts'
import {
  runInstalledController,
  startInstalledController,
  stopWithoutProblems,
} from '../install/start-installed-controller.ts'
import { clusterPullSecretsPath, installDefinitions } from '../parts/control-plane/deploy-files.ts'
import { requestKubernetes } from '../parts/control-plane/request-kubernetes.ts'
import { waitUntil } from '../parts/process/wait-until.ts'
import { withRealPart } from '../parts/real-part.ts'

const audience = `//iam.googleapis.com/${provider}`
const system = 'apps-system'
const flags = [
  '--controller',
  '--custom-resources',
  '--secret-name=appscred',
  '--service-account=image-system/puller',
  `--audience=${audience}`,
  '--tenant-service-account=team-puller',
  '--attach-service-account=default',
  '--evict-stuck-pods',
]
const mergePatch = 'application/merge-patch+json'
const objectPath = `${clusterPullSecretsPath}/pull`

const resourceOf = (name: string, spec: object = {}) => ({
  apiVersion: 'pullpass.dev/v1alpha1',
  kind: 'ClusterPullSecret',
  metadata: { name },
  spec: {
    secretName: 'appscred',
    namespaces: { include: ['apps-*'], exclude: ['apps-legacy', system] },
    serviceAccountRef: { namespace: 'image-system', name: 'puller' },
    registries: [registryOf(provider)],
    ...spec,
  },
})
const registryOf = (workloadIdentityProvider: string) => ({
  name: 'google',
  hosts: ['europe-docker.pkg.dev'],
  gcp: { workloadIdentityProvider, serviceAccountEmail },
})

/** Objects that the allow-list does not permit: their status states it. */
const outside: Readonly<Record<string, { readonly spec: object; readonly reason: string; readonly message: RegExp }>> =
  {
    'another Secret name': {
      spec: { secretName: 'othercred' },
      reason: 'NotPermitted',
      message: /^KUBERNETES_FORBIDDEN: .*; fix: .*--secret-name othercred$/,
    },
    'another account': {
      spec: { serviceAccountRef: { namespace: 'image-system', name: 'default' }, namespaces: { include: ['apps-b'] } },
      reason: 'ExchangeFailed',
      message:
        /TOKEN_REQUEST_REFUSED: .*; fix: if .* --service-account image-system\/default and the --audience of each registry$/,
    },
    'another audience': {
      spec: { registries: [registryOf(`${provider}-other`)], namespaces: { include: ['apps-b'] } },
      reason: 'ExchangeFailed',
      message:
        /TOKEN_REQUEST_REFUSED: .*only tokens of --service-account for --audience.*; fix: if .*the --audience of each registry$/,
    },
    'a ServiceAccount to attach': {
      spec: { attachToServiceAccounts: ['builder'], namespaces: { include: ['apps-b'] } },
      reason: 'NotPermitted',
      message: /^1 of 1 namespace is fresh; KUBERNETES_FORBIDDEN: .*; fix: .* with --attach-service-account builder$/,
    },
    'kube-system': {
      spec: { namespaces: { include: ['kube-system'] } },
      reason: 'WriteFailed',
      message: /only the Secrets of --secret-name outside of kube-\*.*; fix: select no namespace kube-\*/,
    },
    'to adopt a Secret of another client': {
      spec: { conflictPolicy: 'Adopt', namespaces: { include: ['apps-c'] } },
      reason: 'WriteFailed',
      message: /may not adopt a Secret without its label.*; fix: take over this Secret once, .* --adopt$/,
    },
  }

const admin = (setup: InstallSetup) => ({
  create: async (name: string, spec?: object) =>
    await setup.admin({ method: 'POST', path: clusterPullSecretsPath, body: resourceOf(name, spec) }),
  change: async (name: string, spec: object) =>
    await setup.admin({
      method: 'PATCH',
      path: `${clusterPullSecretsPath}/${name}`,
      contentType: mergePatch,
      body: { spec },
    }),
  remove: async (name: string) =>
    await setup.admin({ method: 'DELETE', path: `${clusterPullSecretsPath}?fieldSelector=metadata.name%3D${name}` }),
  whenReady: async (name: string, reason: string): Promise<string> => {
    const path = `${clusterPullSecretsPath}/${name}`
    return await waitUntil(`${name} to be ${reason}`, 30_000, async () => {
      const { status }: { status?: ResourceStatus } = JSON.parse((await setup.admin({ path })).body)
      const [ready] = status?.conditions ?? []
      return ready?.reason === reason ? ready.message : undefined
    })
  },
  pullSecretsOf: async (namespace: string): Promise<string[]> => {
    const path = `/api/v1/namespaces/${namespace}/serviceaccounts?fieldSelector=metadata.name%3Ddefault`
    const { items }: { items: { imagePullSecrets?: { name: string }[] }[] } = JSON.parse(
      (await setup.admin({ path })).body,
    )
    return items.flatMap(({ imagePullSecrets = [] }) => imagePullSecrets.map(({ name }) => name))
  },
  ownersIn: async (namespace: string): Promise<string[] | undefined> => {
    const path = `/api/v1/namespaces/${namespace}/secrets/appscred`
    const { status, body } = await requestKubernetes(setup.apiServer, { path })
    if (status === 404) return undefined
    const { metadata }: { metadata: { ownerReferences?: { name: string }[] } } = JSON.parse(body)
    return (metadata.ownerReferences ?? []).map(({ name }) => name)
  },
})

await withRealPart(
  'an API server with all controllers, and kubectl',
  () => startInstallSetup({ controllers: 'all' }),
  (setup) => {
    suite('a controller for custom resources, installed without documents', () => {
      const namespaces = ['apps-a', 'apps-b', 'apps-c']
      /** Without its Secret, the last one is no longer selected. */
      const leaving = ['left-selected', 'left-behind']
      const { create, change, remove, whenReady, ownersIn, pullSecretsOf } = admin(setup)
      const tenants = '/apis/pullpass.dev/v1alpha1/namespaces/tenant/pullsecrets'
      const later = 'apps-later'
      const further = { attachToServiceAccounts: ['default'], stuckPods: 'Evict' }
      const stuckPod = { image: 'europe-docker.pkg.dev/example/app', secret: 'appscred' }
      let installation: Installation
      const createPullSecret = async (more: object = {}) => {
        const registries = [registryOf(provider)]
        const spec = { secretName: 'appscred', serviceAccountName: 'team-puller', registries, ...more }
        const body = { apiVersion: 'pullpass.dev/v1alpha1', kind: 'PullSecret', metadata: { name: 'team' }, spec }
        await setup.admin({ method: 'POST', path: tenants, body })
      }
      before(async () => {
        for (const name of [...namespaces, ...leaving, 'apps-legacy', 'image-system'])
          await createNamespace(setup, name)
        await createServiceAccount(setup, 'image-system', 'puller')
        await createNamespace(setup, 'tenant')
        await createServiceAccount(setup, 'tenant', 'team-puller')
        setup.trust({ namespace: 'tenant', name: 'team-puller' })
        const endpoints = googleHosts(setup).map((host) => `--tenant-endpoint=${host}`)
        installation = await install(setup, { namespace: system, from: {}, flags: [...flags, ...endpoints] })
        await installDefinitions(setup.apiServer)
        setup.trust({ namespace: 'image-system', name: 'puller' })
      })

      test('kubectl applies all of it without warnings of the API server, and admits its Pod', async () => {
        assert.deepEqual([installation.applied.exitCode, installation.applied.stderr], [0, ''])
        const created = await tryCreatePod(installation, system)
        assert.deepEqual([created.exitCode, created.stderr], [0, ''])
      })

      test('its accounts, also later ones, refer to the Secret, and a stuck Pod is evicted; its deletion removes the entries', async (t) => {
        const running = startInstalledController(installation, system)
        t.after(() => running.child.kill('SIGKILL'))
        const whenAttached = async (namespace: string, expected: readonly string[]) =>
          await waitUntil(`${namespace}/default with ${expected.join(', ')}`, 30_000, async () => {
            const names = await pullSecretsOf(namespace)
            return JSON.stringify(names) === JSON.stringify(expected) || undefined
          })
        await whenAttached('apps-a', []) // the account exists
        await resetImagePullSecrets(setup, 'apps-a', 'default')
        await createReplicaSet(setup, 'apps-a', stuckPod)
        const pod = await stickReplica(setup, 'apps-a', stuckPod)
        await create('pull', { ...further, deletionPolicy: 'Delete' })
        await whenAttached('apps-a', ['other', 'appscred'])
        await createNamespace(setup, later)
        await whenAttached(later, ['appscred'])
        await waitUntil('the eviction', 20_000, async () => {
          const { body } = await setup.admin({ path: `/api/v1/namespaces/apps-a/pods?labelSelector=app%3Dweb` })
          return !body.includes(`"${pod}"`) || undefined
        })
        await whenReady('pull', 'Fresh')
        await remove('pull')
        await whenAttached('apps-a', ['other'])
        await whenAttached(later, [])
        await stopWithoutProblems(running)
      })

      test('a Secret is owned by its object while deletionPolicy is Delete, and is deleted with it', async (t) => {
        const running = startInstalledController(installation, system)
        t.after(() => running.child.kill('SIGKILL'))
        const whenOwned = async (expected: readonly string[] | undefined, limitMs = 30_000, among = namespaces) =>
          await waitUntil(`owners ${JSON.stringify(expected)}`, limitMs, async () => {
            const owners = await Promise.all(among.map(ownersIn))
            return owners.every((one) => JSON.stringify(one) === JSON.stringify(expected)) || undefined
          })
        const whenTenantOwned = async (expected: readonly string[] | undefined, limitMs?: number) =>
          await whenOwned(expected, limitMs, ['tenant'])
        await createPullSecret({ deletionPolicy: 'Delete' })
        await create('pull', { deletionPolicy: 'Delete' })
        await whenOwned(['pull'])
        await whenTenantOwned(['team'])
        await whenReady('pull', 'Fresh')
        await change('pull', { deletionPolicy: 'Retain' })
        await whenOwned([])
        await change('pull', { deletionPolicy: 'Delete' })
        await whenOwned(['pull'])
        await remove('pull')
        await setup.admin({ method: 'DELETE', path: tenants })
        await whenOwned(undefined, 90_000) // the garbage collector reads new definitions every 30 s
        await whenTenantOwned(undefined)
        await stopWithoutProblems(running)
      })

      test('an object that the allow-list does not permit states it in its status, and others are not affected', async (t) => {
        const { child } = startInstalledController(installation, system)
        t.after(() => child.kill('SIGKILL'))
        const apart = { namespaces: { include: ['apps-a'] } }
        await create('pull', apart)
        await createSecret(setup, 'apps-c', 'appscred')
        for (const [index, { spec }] of Object.values(outside).entries()) await create(`outside-${index}`, spec)
        await whenReady('pull', 'Fresh')
        for (const [index, [title, { reason, message }]] of Object.entries(outside).entries()) {
          await t.test(title, async () => {
            assert.match(await whenReady(`outside-${index}`, reason), message)
            await remove(`outside-${index}`)
          })
        }
        await remove('pull')
        for (const name of ['apps-b', 'apps-c']) await deleteSecret(setup, name, 'appscred')
      })

      test('without any one of its permissions a failure is reported, and states which', async (t) => {
        const first = startInstalledController(installation, system)
        t.after(() => first.child.kill('SIGKILL'))
        await create('leaving', { deletionPolicy: 'Delete', namespaces: { include: leaving } })
        await whenReady('leaving', 'Fresh')
        first.child.kill('SIGTERM')
        await first.ended
        await change('leaving', { namespaces: { include: leaving.slice(0, 1) } })
        const reset = async () => {
          await remove('pull')
          for (const name of ['apps-a', 'apps-c']) await deleteSecret(setup, name, 'appscred')
          await createSecret(setup, 'apps-b', 'appscred') // a conflict, which is an Event
          await deleteControllerLease(setup, system)
          await resetImagePullSecrets(setup, 'apps-a', 'default')
          await stickReplica(setup, 'apps-a', stuckPod)
          await create('pull', further)
          await setup.admin({ method: 'DELETE', path: tenants })
          await deleteSecret(setup, 'tenant', 'appscred')
          await createPullSecret()
        }
        const user = `system:serviceaccount:${system}:pullpass`
        const reports = /grant the rule/
        const refresh = async () => await runInstalledController(installation, system, { reports, limitMs: 50_000 })
        await assertEachPermissionNeeded(t, { setup, installation: { ...installation, refresh }, user, reset })
      })

      test('its permissions allow nothing else', async (t) => {
        const reports = /a pull secret was written .*namespace="apps-a"/
        await runInstalledController(installation, system, { reports, limitMs: 20_000 })
        await deleteSecret(setup, 'apps-c', 'appscred')
        const { 'delete its own Secret': _, ...never } = notPermitted('apps-a', 'appscred')
        const others = Object.entries(notInDocument(setup.apiServer, audience)).filter(
          ([title]) => !/excluded|long-lived/.test(title), // not known here
        )
        await assertRefused(t, installation.account, {
          ...never,
          ...withFlags(Object.fromEntries(others)),
          ...ownedByOthers,
          ...onResources,
          ...onAccountsAndPods,
        })
        await createSecret(setup, 'kube-system', 'appscred')
        await assertRefused(t, installation.account, otherDeletions)
      })

      test('with the permission for a status it changes nothing else of an object', async () => {
        const read = async () => {
          const { metadata, spec } = JSON.parse((await setup.admin({ path: objectPath })).body)
          const { managedFields: _, resourceVersion: __, ...rest } = metadata
          return { metadata: rest, spec }
        }
        const was = await read()
        const metadata = {
          labels: { thief: 'true' },
          finalizers: ['thief.example.com/never'],
          ownerReferences: [absentOwner],
        }
        const { status } = await requestKubernetes(installation.account, {
          method: 'PATCH',
          path: `${objectPath}/status`,
          contentType: mergePatch,
          body: { metadata, spec: { deletionPolicy: 'Delete' } },
        })
        assert.equal(status, 200)
        assert.deepEqual(await read(), was)
      })

      test('even as cluster-admin, by mistake, it is restricted by its policies', async (t) => {
        await bindToClusterAdmin(setup, system)
        await assertRefused(t, installation.account, {
          ...withFlags(refusedToClusterAdmin(audience)),
          ...ownedByOthers,
          ...otherDeletions,
        })
      })
    })
  },
)
