/**
 * The output of `pullpass manifests` in a real API server: a refresh needs all of its permissions, and they allow nothing else.
 */
import assert from 'node:assert/strict'
import { cp, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { before, suite, test } from 'node:test'
import { parseAllDocuments } from 'yaml'
import {
  applySecret,
  applyTokenSecret,
  assertRefused,
  forgeEvent,
  patchSecret,
  requestToken,
} from './install/attack.ts'
import { notInDocument, notPermitted, refusedToClusterAdmin, removeFieldsOfOthers } from './install/attacks.ts'
import {
  bindToClusterAdmin,
  createNamespace,
  createSecret,
  createServiceAccount,
  deleteSecret,
  resetImagePullSecrets,
} from './install/cluster-objects.ts'
import { type Installation, install, printManifests, tryCreatePod } from './install/install.ts'
import { assertEachPermissionNeeded } from './install/remove-permissions.ts'
import { provider, serviceAccountEmail, startInstallSetup } from './install/start-install-setup.ts'
import { withRealPart } from './parts/real-part.ts'

const audience = `//iam.googleapis.com/${provider}`
const google = `{workloadIdentityProvider: ${provider}, serviceAccountEmail: ${serviceAccountEmail}}`

await withRealPart('an API server and kubectl', startInstallSetup, (setup) => {
  suite('installed from the drop-in variables, for named namespaces', () => {
    const namespaces = ['team-a', 'team-b', 'team-c', 'team-d', 'team-e']
    let installation: Installation
    before(async () => {
      for (const name of namespaces) await createNamespace(setup, name)
      installation = await install(setup, {
        namespace: 'drop-in-system',
        from: {
          PROJECT_NUMBER: '123456789012',
          POOL_ID: 'pool',
          PROVIDER_ID: 'cluster',
          SERVICE_ACCOUNT_EMAIL: serviceAccountEmail,
          REGISTRY_SECRET_NAME: 'regcred',
          REGISTRY_SECRET_NAMESPACES: namespaces.join(','),
        },
      })
      setup.trust({ namespace: 'drop-in-system', name: 'pullpass' })
    })

    test('kubectl applies all of it without warnings of the API server', () => {
      assert.deepEqual([installation.applied.exitCode, installation.applied.stderr], [0, ''])
    })

    test('the namespace admits only restricted Pods, such as that of the CronJob', async () => {
      const own = await tryCreatePod(installation, 'drop-in-system')
      assert.deepEqual([own.exitCode, own.stderr], [0, ''])
      const other = await tryCreatePod(installation, 'drop-in-system', { hostNetwork: true })
      assert.match(other.stderr, /violates PodSecurity "restricted:latest"/)
    })

    test('the CronJob writes every pull secret with its own ServiceAccount and its projected token', async () => {
      const { exitCode, stdout, stderr } = await installation.refresh()
      assert.deepEqual([exitCode, stderr], [0, ''])
      for (const namespace of namespaces)
        assert.match(stdout, new RegExp(`${namespace}/regcred .* (?:created|updated) `))
    })

    test('without any one of its permissions a run fails, and reports which', async (t) => {
      const reset = async () => {
        for (const namespace of namespaces) await deleteSecret(setup, namespace, 'regcred')
      }
      await assertEachPermissionNeeded(t, {
        setup,
        installation,
        user: 'system:serviceaccount:drop-in-system:pullpass',
        reset,
      })
    })

    test('its permissions allow nothing else', async (t) => {
      await installation.refresh()
      await createSecret(setup, 'team-b', 'regcred')
      await deleteSecret(setup, 'team-c', 'regcred')
      await assertRefused(t, installation.account, {
        ...notPermitted('team-a', 'regcred'),
        'create a token Secret in kube-system': {
          request: applyTokenSecret('kube-system', 'regcred'),
          refusal: 'cannot patch resource "secrets"',
        },
        'create a token Secret where it may write': {
          request: applyTokenSecret('team-c', 'regcred'),
          refusal: 'pullpass may write only Secrets of type kubernetes.io/dockerconfigjson',
        },
        "take over another manager's Secret": {
          request: applySecret('team-b', 'regcred'),
          refusal: 'pullpass may not adopt a Secret without its label',
        },
        'request a token for the API server': {
          request: requestToken('drop-in-system', 'pullpass', {}),
          refusal: 'cannot create resource "serviceaccounts/token"',
        },
      })
    })
  })

  suite('installed from a document with globs, service accounts and requested tokens', () => {
    const namespaces = ['apps-a', 'apps-b', 'apps-c', 'apps-d', 'apps-e']
    const document = `
      apiVersion: pullpass.dev/v1alpha1
      kind: ClusterPullSecret
      metadata: {name: appscred}
      spec:
        namespaces: {include: ["apps-*"], exclude: [apps-legacy]}
        attachToServiceAccounts: [default]
        serviceAccountRef: {namespace: image-system, name: puller}
        registries:
          - {name: google, hosts: [europe-docker.pkg.dev], gcp: ${google}}
          - {name: hub, hosts: [docker.io], static: {secretRef: {namespace: image-system, name: hub}}}`
    let installation: Installation
    before(async () => {
      for (const name of [...namespaces, 'apps-legacy', 'image-system']) await createNamespace(setup, name)
      for (const name of [...namespaces, 'kube-system']) await createServiceAccount(setup, name, 'default')
      await createServiceAccount(setup, 'image-system', 'puller')
      const hub = { metadata: { name: 'hub' }, stringData: { username: 'robot', password: 'example' } }
      await setup.admin({ method: 'POST', path: '/api/v1/namespaces/image-system/secrets', body: hub })
      installation = await install(setup, { namespace: 'apps-system', from: document })
      await createServiceAccount(setup, 'apps-system', 'default') // the glob selects it too
      setup.trust({ namespace: 'image-system', name: 'puller' })
    })

    test('kubectl applies all of it without warnings of the API server', () => {
      assert.deepEqual([installation.applied.exitCode, installation.applied.stderr], [0, ''])
    })

    test('the CronJob writes and attaches every pull secret with a token that it requests', async () => {
      const { exitCode, stdout, stderr } = await installation.refresh()
      assert.deepEqual([exitCode, stderr], [0, ''])
      for (const namespace of namespaces) {
        assert.match(stdout, new RegExp(`${namespace}/appscred .* (?:created|updated) `))
        const { body } = await setup.admin({ path: `/api/v1/namespaces/${namespace}/serviceaccounts/default` })
        assert.deepEqual(JSON.parse(body).imagePullSecrets, [{ name: 'other' }, { name: 'appscred' }])
      }
    })

    test('without any one of its permissions a run fails, and reports which', async (t) => {
      const reset = async () => {
        for (const namespace of namespaces) {
          await deleteSecret(setup, namespace, 'appscred')
          await resetImagePullSecrets(setup, namespace, 'default')
        }
      }
      await assertEachPermissionNeeded(t, {
        setup,
        installation,
        user: 'system:serviceaccount:apps-system:pullpass',
        reset,
      })
    })

    test('its permissions allow nothing else', async (t) => {
      await installation.refresh()
      await createSecret(setup, 'apps-b', 'appscred')
      await deleteSecret(setup, 'apps-c', 'appscred')
      await assertRefused(t, installation.account, {
        ...notPermitted('apps-a', 'appscred'),
        ...notInDocument(setup.apiServer, audience),
      })
    })

    test('a Secret whose label was removed is left unchanged: its namespace fails, the others are written', async () => {
      await deleteSecret(setup, 'apps-b', 'appscred')
      await installation.refresh()
      const labels = { 'app.kubernetes.io/managed-by': null }
      await setup.admin(patchSecret('apps-d', 'appscred', { metadata: { labels } }))
      const { exitCode, stdout, stderr } = await installation.refresh()
      await deleteSecret(setup, 'apps-d', 'appscred')
      assert.equal(exitCode, 1)
      assert.match(stderr, /^KUBERNETES_REFUSED .* pullpass may not adopt a Secret without its label/)
      for (const name of ['apps-a', 'apps-b', 'apps-c', 'apps-e']) {
        assert.match(stdout, new RegExp(`${name}/appscred .* (?:created|updated) `))
      }
      assert.match(stdout, /apps-d\/appscred .* failed, kept /)
    })

    test('even as cluster-admin, by mistake, it is restricted by its policies', async (t) => {
      await bindToClusterAdmin(setup, 'apps-system')
      await assertRefused(t, installation.account, {
        ...refusedToClusterAdmin(audience),
        'create an Event': { request: forgeEvent('apps-a'), refusal: 'pullpass may not write Events' },
      })
    })
  })

  suite('installed from a document that selects by labels and adopts', () => {
    const document = `
      apiVersion: pullpass.dev/v1alpha1
      kind: ClusterPullSecret
      metadata: {name: shopcred}
      spec:
        namespaces:
          selector:
            matchLabels: {images: private}
            matchExpressions:
              - {key: stage, operator: In, values: [test, production]}
              - {key: stage, operator: NotIn, values: [retired]}
              - {key: owner, operator: Exists}
              - {key: closed, operator: DoesNotExist}
        conflictPolicy: Adopt
        registries: [{name: google, hosts: [europe-docker.pkg.dev], gcp: ${google}}]`
    const labels = { images: 'private', stage: 'test', owner: 'shop' }
    let installation: Installation
    before(async () => {
      await createNamespace(setup, 'shop', labels)
      await createNamespace(setup, 'shop-closed', { ...labels, closed: 'yes' })
      installation = await install(setup, { namespace: 'shop-system', from: document })
      setup.trust({ namespace: 'shop-system', name: 'pullpass' })
    })

    test('another installation in the cluster does not conflict', () => {
      assert.deepEqual([installation.applied.exitCode, installation.applied.stderr], [0, ''])
    })

    test('with every flag for cluster settings, the API server accepts it and its Pod without warnings', async () => {
      const authorities = join(setup.folder, 'ca.pem')
      await writeFile(authorities, setup.apiServer.authority)
      const flags = [
        '--schedule=3-59/10 * * * *',
        '--labels=team=platform,example.com/cost=',
        `--ca-file=${authorities}`,
        '--node-selector=node-role.kubernetes.io/infra=',
        '--toleration=dedicated=infra:NoSchedule',
        '--toleration=spot',
        '--https-proxy=http://[fd00::1]:3128',
        '--no-proxy=.example.com,10.0.0.0/8',
        '--api-server-port=16443',
      ]
      const printed = await printManifests({ namespace: 'shop-system', from: document, flags: flags }, setup.folder)
      const tried = await installation.kubectl(['apply', '--server-side', '--dry-run=server', '-f', '-'], printed)
      assert.deepEqual([tried.exitCode, tried.stderr], [0, ''])
      const objects = parseAllDocuments(printed).map((one): Installation['objects'][number] => one.toJS())
      const created = await tryCreatePod({ ...installation, objects }, 'shop-system')
      assert.deepEqual([created.exitCode, created.stderr], [0, ''])
    })

    test('kubectl kustomize renders deploy/cronjob with a custom image, and the API server accepts it', async () => {
      const folder = join(setup.folder, 'kustomize')
      await cp('deploy/cronjob', folder, { recursive: true })
      const kustomization = await readFile(join(folder, 'kustomization.yaml'), 'utf8')
      const ours = kustomization.replace('newName: pullpass', 'newName: registry.example.com/pullpass')
      await writeFile(join(folder, 'kustomization.yaml'), ours)
      const rendered = await installation.kubectl(['kustomize', folder], '')
      assert.deepEqual([rendered.exitCode, rendered.stderr], [0, ''])
      assert.match(rendered.stdout, /image: registry\.example\.com\/pullpass:0\.0\.0\n/)
      const applied = await installation.kubectl(['apply', '--server-side', '-f', '-'], rendered.stdout)
      assert.deepEqual([applied.exitCode, applied.stderr], [0, ''])
    })

    test('the CronJob adopts the Secret that kubectl created, and keeps its other content', async () => {
      const path = '/api/v1/namespaces/shop/secrets/shopcred'
      const others = {
        labels: { team: 'shop' },
        annotations: { note: 'theirs' },
        finalizers: ['shop.example.com/kept'],
      }
      const created = await installation.kubectl(
        ['apply', '-f', '-'],
        JSON.stringify({
          apiVersion: 'v1',
          kind: 'Secret',
          metadata: { name: 'shopcred', namespace: 'shop', ...others },
          type: 'kubernetes.io/dockerconfigjson',
          stringData: { '.dockerconfigjson': '{"auths":{}}', other: 'theirs' },
        }),
      )
      assert.equal(created.exitCode, 0, created.stderr)
      const { exitCode, stdout, stderr } = await installation.refresh()
      assert.deepEqual([exitCode, stderr], [0, ''])
      assert.match(stdout, /shop\/shopcred .* updated .* taken over from its earlier manager/)
      assert.doesNotMatch(stdout, /shop-closed/)
      const { metadata, data } = JSON.parse((await setup.admin({ path })).body)
      assert.deepEqual(metadata.labels, { team: 'shop', 'app.kubernetes.io/managed-by': 'pullpass' })
      const foreign = Object.entries(metadata.annotations).filter(([name]) => !name.startsWith('pullpass.dev/'))
      assert.deepEqual(foreign, [['note', 'theirs']])
      assert.deepEqual(metadata.finalizers, ['shop.example.com/kept'])
      assert.deepEqual(Object.keys(data).toSorted(), ['.dockerconfigjson', 'other'])
      assert.equal((await installation.refresh()).exitCode, 0)
    })

    test('it removes nothing that others wrote into that Secret', async (t) => {
      await assertRefused(t, installation.account, removeFieldsOfOthers('shop', 'shopcred'))
    })

    test('a namespace whose labels do not match is not accessible', async (t) => {
      const refusal = 'pullpass may write only the Secrets of its documents, in the namespaces that they select'
      await assertRefused(t, installation.account, {
        'create a Secret': { request: applySecret('shop-closed', 'shopcred'), refusal },
      })
    })
  })
})
