/** PullSecrets in an installation by `pullpass manifests`: what a developer gets, and what tenants and the controller's account are refused. */
import assert from 'node:assert/strict'
import { before, suite, test } from 'node:test'
import type { ResourceStatus } from '../../src/document/custom-resource.ts'
import { applyTokenSecret, assertRefused, requestToken } from '../install/attack.ts'
import { createNamespace, createServiceAccount, deleteSecret } from '../install/cluster-objects.ts'
import { type Installation, install } from '../install/install.ts'
import { googleHosts, provider, serviceAccountEmail, startInstallSetup } from '../install/start-install-setup.ts'
import { startInstalledController, stopWithoutProblems } from '../install/start-installed-controller.ts'
import { installDefinitions } from '../parts/control-plane/deploy-files.ts'
import { type ApiServer, requestKubernetes } from '../parts/control-plane/request-kubernetes.ts'
import { waitUntil } from '../parts/process/wait-until.ts'
import { withRealPart } from '../parts/real-part.ts'

const audience = `//iam.googleapis.com/${provider}`
const system = 'tenants-system'
const group = '/apis/pullpass.dev/v1alpha1'
const rbac = '/apis/rbac.authorization.k8s.io/v1'
const mergePatch = 'application/merge-patch+json'

const pathOf = (namespace: string, name = ''): string =>
  `${group}/namespaces/${namespace}/pullsecrets${name === '' ? '' : `/${name}`}`

const pullSecretOf = (metadata: object, spec: object = {}) => ({
  apiVersion: 'pullpass.dev/v1alpha1',
  kind: 'PullSecret',
  metadata,
  spec: {
    secretName: 'teamcred',
    serviceAccountName: 'puller',
    registries: [
      {
        name: 'google',
        hosts: ['europe-docker.pkg.dev'],
        gcp: { workloadIdentityProvider: provider, serviceAccountEmail },
      },
    ],
    ...spec,
  },
})

await withRealPart(
  'an API server with all controllers, and kubectl',
  () => startInstallSetup({ controllers: 'all' }),
  (setup) => {
    suite('a controller for PullSecrets of tenants', () => {
      let installation: Installation
      /** Has the ClusterRole `edit` in team-a. */
      let developer: ApiServer
      /** May write PullSecrets in team-a, and `mayAlso`. */
      const startUser = async (name: string, mayAlso: readonly object[]): Promise<ApiServer> => {
        const rules = [{ apiGroups: ['pullpass.dev'], resources: ['pullsecrets'], verbs: ['create', 'get', 'patch'] }]
        const role = { metadata: { name }, rules: [...rules, ...mayAlso] }
        await setup.admin({ method: 'POST', path: `${rbac}/namespaces/team-a/roles`, body: role })
        return await bind(name, { kind: 'Role', name })
      }
      const bind = async (name: string, roleRef: { kind: string; name: string }): Promise<ApiServer> => {
        await createServiceAccount(setup, 'people', name)
        const subjects = [{ kind: 'ServiceAccount', namespace: 'people', name }]
        const apiGroup = 'rbac.authorization.k8s.io'
        const body = { metadata: { name }, roleRef: { apiGroup, ...roleRef }, subjects }
        await setup.admin({ method: 'POST', path: `${rbac}/namespaces/team-a/rolebindings`, body })
        const path = `/api/v1/namespaces/people/serviceaccounts/${name}/token`
        const { status } = JSON.parse((await setup.admin({ method: 'POST', path, body: { spec: {} } })).body)
        return { ...setup.apiServer, adminToken: status.token }
      }
      const create = async (user: ApiServer, body: object, namespace = 'team-a') =>
        await requestKubernetes(user, { method: 'POST', path: pathOf(namespace), body })
      const remove = async (name: string) => {
        await setup.admin({ method: 'DELETE', path: `${pathOf('team-a')}?fieldSelector=metadata.name%3D${name}` })
      }
      const whenReady = async (name: string, reason: string, namespace = 'team-a'): Promise<string> =>
        await waitUntil(`${name} to be ${reason}`, 30_000, async () => {
          const { body } = await setup.admin({ path: pathOf(namespace, name) })
          const { status }: { status?: ResourceStatus } = JSON.parse(body)
          const [ready] = status?.conditions ?? []
          return ready?.reason === reason ? ready.message : undefined
        })

      before(async () => {
        for (const name of ['team-a', 'team-b', 'people']) await createNamespace(setup, name)
        for (const name of ['team-a', 'team-b']) await createServiceAccount(setup, name, 'puller')
        setup.trust({ namespace: 'team-a', name: 'puller' })
        await createServiceAccount(setup, 'kube-system', 'puller')
        const flags = [
          '--controller',
          '--custom-resources',
          '--secret-name=teamcred',
          `--audience=${audience}`,
          '--tenant-service-account=puller',
          ...googleHosts(setup).map((host) => `--tenant-endpoint=${host}`),
        ]
        await installDefinitions(setup.apiServer)
        installation = await install(setup, { namespace: system, from: {}, flags })
        developer = await bind('developer', { kind: 'ClusterRole', name: 'edit' })
        await waitUntil('the aggregated role', 20_000, async () => {
          const path = pathOf('team-a')
          return (await requestKubernetes(developer, { path })).status === 200 || undefined
        })
      })

      test('kubectl applies all of it without warnings of the API server', () => {
        assert.deepEqual([installation.applied.exitCode, installation.applied.stderr], [0, ''])
      })

      test('a developer with edit gets a pull secret in the namespace, by the account of the controller', async (t) => {
        const running = startInstalledController(installation, system)
        t.after(() => running.child.kill('SIGKILL'))
        const { status, body } = await create(developer, pullSecretOf({ name: 'team' }, { deletionPolicy: 'Delete' }))
        assert.equal(status, 201, body)
        assert.match(await whenReady('team', 'Fresh'), /1 of 1 namespace is fresh/)
        const path = '/api/v1/namespaces/team-a/secrets/teamcred'
        const secret = JSON.parse((await requestKubernetes(developer, { path })).body)
        assert.equal(secret.metadata.annotations['pullpass.dev/document'], 'PullSecret/team-a/team')
        assert.equal(secret.metadata.ownerReferences?.[0]?.kind, 'PullSecret')
        await stopWithoutProblems(running)
      })

      test('a refusal by the cloud is in the status and an Event of the PullSecret', async (t) => {
        const { child } = startInstalledController(installation, system)
        t.after(() => child.kill('SIGKILL'))
        const { body } = await setup.admin({
          method: 'POST',
          path: pathOf('team-b'),
          body: pullSecretOf({ name: 'team' }),
        })
        const { metadata }: { metadata: { uid: string } } = JSON.parse(body)
        assert.match(await whenReady('team', 'ExchangeFailed', 'team-b'), /IMPERSONATION_DENIED/)
        const path = `/api/v1/namespaces/team-b/events?fieldSelector=involvedObject.uid%3D${metadata.uid}`
        const reason = await waitUntil('the Event', 10_000, async () => {
          const { items }: { items: { reason: string }[] } = JSON.parse((await setup.admin({ path })).body)
          return items[0]?.reason
        })
        assert.equal(reason, 'ImpersonationDenied')
        await setup.admin({ method: 'DELETE', path: pathOf('team-b') })
      })

      for (const [title, metadata, spec, refusal] of [
        [
          'another account',
          { name: 'other' },
          { serviceAccountName: 'default' },
          'spec.serviceAccountName is default, which the installation does not permit; it permits: puller',
        ],
        [
          'another Secret',
          { name: 'other' },
          { secretName: 'production-database' },
          'the name of the Secret is production-database, which the installation does not permit; it permits: teamcred',
        ],
        [
          'a Secret of the name of the object',
          { name: 'other' },
          { secretName: undefined },
          'the name of the Secret is other, which the installation does not permit',
        ],
        [
          'a Secret of a generated name',
          { generateName: 'generated-' },
          { secretName: undefined },
          /the name of the Secret is (?:generated-\w+)?, which the installation does not permit/,
        ],
      ] as const) {
        test(`a PullSecret of the developer that names ${title} is refused`, async () => {
          const { status, body } = await create(developer, pullSecretOf(metadata, spec))
          assert.equal(status, 403, body)
          if (typeof refusal === 'string') assert.ok(body.includes(refusal), body)
          else assert.match(body, refusal)
        })
      }

      test('who may not create the token of the account, or not write the Secret, may not write a PullSecret for it', async () => {
        const token = {
          apiGroups: [''],
          resources: ['serviceaccounts/token'],
          resourceNames: ['puller'],
          verbs: ['create'],
        }
        const secrets = { apiGroups: [''], resources: ['secrets'], resourceNames: ['teamcred'], verbs: ['patch'] }
        const users = {
          'you may not create tokens of ServiceAccount puller': await startUser('without-token', [secrets]),
          'you may not patch Secret teamcred': await startUser('without-secret', [token]),
        }
        for (const [refusal, user] of Object.entries(users)) {
          await waitUntil(refusal, 20_000, async () => {
            const { status, body } = await create(user, pullSecretOf({ name: 'other' }))
            assert.notEqual(status, 201)
            return body.includes(refusal) || undefined
          })
        }
        const both = await startUser('with-both', [token, secrets])
        const created = await waitUntil('its permissions', 20_000, async () => {
          const response = await create(both, pullSecretOf({ name: 'both' }))
          return response.status === 201 ? response : undefined
        })
        assert.equal(created.status, 201)
        const { status, body } = await create(both, pullSecretOf({ name: 'deleting' }, { deletionPolicy: 'Delete' }))
        assert.equal(status, 403)
        assert.ok(body.includes('you may not delete Secret teamcred, so spec.deletionPolicy may not be Delete'), body)
        await remove('both')
      })

      test('a change of labels is not checked, and a change of the spec is', async () => {
        await setup.admin({ method: 'POST', path: pathOf('team-a'), body: pullSecretOf({ name: 'labelled' }) })
        const user = await startUser('labels', [])
        const patch = async (body: object) =>
          await requestKubernetes(user, {
            method: 'PATCH',
            path: pathOf('team-a', 'labelled'),
            contentType: mergePatch,
            body,
          })
        await waitUntil('the permission', 20_000, async () => {
          const { status } = await patch({ metadata: { labels: { team: 'a' } } })
          return status === 200 || undefined
        })
        const registries = [{ name: 'quay', hosts: ['quay.io'], quay: { robot: 'example+robot' } }]
        const { status, body } = await patch({ spec: { registries } })
        assert.equal(status, 403)
        assert.match(body, /you may not create tokens of ServiceAccount puller/)
        await remove('labelled')
      })

      test('a developer writes no PullSecret elsewhere, and no status', async (t) => {
        const status = { conditions: [], observedGeneration: 1 }
        await assertRefused(t, developer, {
          'in another namespace': {
            request: { method: 'POST', path: pathOf('team-b'), body: pullSecretOf({ name: 'thief' }) },
            refusal: 'cannot create resource "pullsecrets"',
          },
          'a status': {
            request: {
              method: 'PATCH',
              path: `${pathOf('team-a', 'team')}/status`,
              contentType: mergePatch,
              body: { status },
            },
            refusal: 'cannot patch resource "pullsecrets/status"',
          },
          'a ClusterPullSecret': {
            request: { method: 'POST', path: `${group}/clusterpullsecrets`, body: { metadata: { name: 'thief' } } },
            refusal: 'cannot create resource "clusterpullsecrets"',
          },
        })
      })

      test('a Secret that a developer created in advance stays as it is, whatever its type, and its status states it', async (t) => {
        await remove('team')
        await deleteSecret(setup, 'team-a', 'teamcred')
        const { status } = await requestKubernetes(developer, applyTokenSecret('team-a', 'teamcred'))
        assert.equal(status, 201)
        await create(developer, pullSecretOf({ name: 'team' }))
        const { child } = startInstalledController(installation, system)
        t.after(() => child.kill('SIGKILL'))
        assert.match(await whenReady('team', 'WriteFailed'), /SECRET_NOT_OURS: Secret team-a\/teamcred/)
        const { body } = await setup.admin({ path: '/api/v1/namespaces/team-a/secrets/teamcred' })
        const { type }: { type: string } = JSON.parse(body)
        assert.equal(type, 'kubernetes.io/service-account-token')
        await remove('team')
        await deleteSecret(setup, 'team-a', 'teamcred')
      })

      test('what a cluster-admin permits by mistake, the controller refuses', async (t) => {
        const { child } = startInstalledController(installation, system)
        t.after(() => child.kill('SIGKILL'))
        // Without the policy of authors.
        const binding = `/apis/admissionregistration.k8s.io/v1/validatingadmissionpolicybindings/pullpass-tenants.${system}`
        await setup.admin({ method: 'DELETE', path: binding })
        await waitUntil('the policy to be ineffective', 20_000, async () => {
          const { status } = await create(developer, pullSecretOf({ name: 'other' }, { serviceAccountName: 'default' }))
          return status === 201 || undefined
        })
        assert.match(await whenReady('other', 'NotPermitted'), /fix: .* --tenant-service-account default$/)
        await remove('other')
      })

      test('the account of the controller requests no other token, and writes no PullSecret', async (t) => {
        const notOurs = 'pullpass may request only tokens of --service-account for --audience'
        await assertRefused(t, installation.account, {
          'of another account': {
            request: requestToken('team-a', 'default', { audiences: [audience] }),
            refusal: 'cannot create resource "serviceaccounts/token"',
          },
          'of that name in kube-system': {
            request: requestToken('kube-system', 'puller', { audiences: [audience] }),
            refusal: notOurs,
          },
          'for another audience': {
            request: requestToken('team-a', 'puller', { audiences: ['sts.amazonaws.com'] }),
            refusal: notOurs,
          },
          'for the API server': { request: requestToken('team-a', 'puller', {}), refusal: notOurs },
          'for ten hours': {
            request: requestToken('team-a', 'puller', { audiences: [audience], expirationSeconds: 36_000 }),
            refusal: 'pullpass may request only tokens with a lifetime of at most 3660 s',
          },
          'a PullSecret': {
            request: { method: 'POST', path: pathOf('team-a'), body: pullSecretOf({ name: 'thief' }) },
            refusal: 'cannot create resource "pullsecrets"',
          },
          'all PullSecrets deleted': {
            request: { method: 'DELETE', path: pathOf('team-a') },
            refusal: 'cannot deletecollection resource "pullsecrets"',
          },
        })
      })
    })
  },
)
