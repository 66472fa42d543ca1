/** A real kubelet pulls private images with the tokens of pods: pullpass is its credential provider plugin, and no pull secret exists. */
import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { mkdir, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { suite, test } from 'node:test'
import { setTimeout } from 'node:timers/promises'
import { promisify } from 'node:util'
import { parse, parseAllDocuments } from 'yaml'
import { requestKubernetes } from './parts/control-plane/request-kubernetes.ts'
import { runPod, waitForPodOutput, waitForPullFailure } from './parts/node/run-pod.ts'
import { startPart } from './parts/process/start-part.ts'
import { waitUntil } from './parts/process/wait-until.ts'
import { withRealPart } from './parts/real-part.ts'
import { buildImage } from './parts/registry/build-image.ts'
import { pushImage } from './parts/registry/push-image.ts'
import type { RegistryLogin } from './parts/registry/start-token-server.ts'
import { startFederatedCluster } from './parts/start-federated-cluster.ts'
import { startNode } from './parts/start-node.ts'
import { startRegistry } from './parts/start-registry.ts'

const execute = promisify(execFile)
const root = join(import.meta.dirname, '..')
const publisher = { username: 'publisher', password: 'for-pushing-only' }

interface ConfigMap {
  readonly kind: string
  readonly data: Readonly<Record<string, string>>
}

/** A node as the DaemonSet of `pullpass manifests node` leaves it, and a private registry that accepts Google's access tokens. */
const startPullingNode = () =>
  startPart('plugin-node', async ({ folder, use }) => {
    const pullpass = (...argv: readonly string[]) =>
      execute(process.execPath, ['dist/pullpass.mjs', ...argv], { cwd: root })
    const { controlPlane, google, environment } = await use(startFederatedCluster())
    const used: string[] = []
    const accepts = ({ username, password }: RegistryLogin): boolean => {
      if (username === publisher.username) return password === publisher.password
      used.push(password)
      return username === 'oauth2accesstoken' && google.holderOf(password) !== undefined
    }
    const registry = await use(startRegistry({ kind: 'token', accepts }))
    const paths = { config: join(folder, 'config'), installed: join(folder, 'installed'), cache: join(folder, 'cache') }
    const document = join(folder, 'document.yaml')
    await writeFile(document, documentsOf(registry.host, google.audience, environment))
    const flags = [
      '-f',
      document,
      '--image',
      'registry.example.com/pullpass:1',
      '--node-path',
      paths.installed,
      '--cache',
      paths.cache,
    ]
    const { stdout } = await pullpass('manifests', 'node', ...flags)
    const objects = parseAllDocuments(stdout).map((one) => one.toJS())
    const files = objects.find((one): one is ConfigMap => one.kind === 'ConfigMap')?.data ?? {}
    await mkdir(paths.config)
    for (const [name, text] of Object.entries(files)) await writeFile(join(paths.config, name), text)
    const install = ['credential-provider', 'install', '--once', '--config', paths.config, '--to', paths.installed]
    const { stdout: installed } = await pullpass(...install)
    await use(
      startNode(controlPlane, {
        config: join(paths.installed, 'etc/kubelet.yaml'),
        programs: join(paths.installed, 'bin'),
        environment: { PULLPASS_CA_FILE: environment['PULLPASS_CA_FILE'] ?? '' },
      }),
    )
    return {
      controlPlane,
      paths,
      objects,
      installed,
      /** Passwords that the registry received, but for the publisher's. */
      used,
      faults: google.faults,
      install: () => pullpass(...install),
      async publish(name: string, line: string): Promise<string> {
        const image = `${registry.host}/private/${name}:1`
        const program = `#include <stdio.h>\nint main(void) { puts("${line}"); }`
        await pushImage(await buildImage(join(folder, name), image, program), image, publisher)
        return image
      },
    }
  })

/** Two documents for one host, since a document has one registry for each host: an annotation selects the second. */
const documentsOf = (host: string, audience: string, environment: Readonly<Record<string, string>>) =>
  [
    { name: 'google', lifetime: '1h' },
    { name: 'short', lifetime: `${shortLifeSeconds}s` },
  ]
    .map(
      ({ name, lifetime }) => `
apiVersion: pullpass.dev/v1alpha1
kind: ClusterPullSecret
metadata: {name: ${name}}
spec:
  namespaces: {include: [default]}
  registries:
    - name: ${name}
      hosts: ["${host}"]
      gcp:
        workloadIdentityProvider: ${audience.replace('//iam.googleapis.com/', '')}
        serviceAccountEmail: ${environment['SERVICE_ACCOUNT_EMAIL']}
        lifetime: ${lifetime}
        endpoints:
          sts: ${environment['PULLPASS_GCP_STS_ENDPOINT']}
          iamCredentials: ${environment['PULLPASS_GCP_IAM_CREDENTIALS_ENDPOINT']}
`,
    )
    .join('---')

/** Of the credentials of registry `short`, which is used for three quarters of it. */
const shortLifeSeconds = 20

const refused = /failed to authorize: failed to fetch anonymous token: unexpected status: 401 Unauthorized$/

await withRealPart('a node with the plugin', startPullingNode, ({ controlPlane, paths, used, ...node }) => {
  const create = async (path: string, body: object) => {
    const { status, body: text } = await requestKubernetes(controlPlane, { method: 'POST', path, body })
    assert.equal(status, 201, text)
  }

  suite('a real kubelet with the credential provider plugin', () => {
    test('without permission for the audience no token is requested, and the kubelet’s log has the reason', async () => {
      const image = await node.publish('before', 'never printed')
      await runPod(controlPlane, { name: 'before', image, serviceAccount: 'pullpass' })
      await waitForPullFailure(controlPlane, 'before', refused)
      assert.match(node.logs(), /is not authorized to request tokens for (?:this audience|audience \\?")/)
    })

    test('a pod pulls its private image with the token of its ServiceAccount, and no Secret exists', async () => {
      for (const object of node.objects) {
        if (object.kind === 'ClusterRole') await create('/apis/rbac.authorization.k8s.io/v1/clusterroles', object)
        if (object.kind === 'ClusterRoleBinding')
          await create('/apis/rbac.authorization.k8s.io/v1/clusterrolebindings', object)
      }
      const image = await node.publish('first', 'pulled without a Secret')
      await waitUntil('the permission to be effective', 60_000, async () => {
        await requestKubernetes(controlPlane, {
          method: 'DELETE',
          path: '/api/v1/namespaces/default/pods/first?gracePeriodSeconds=0',
        })
        await runPod(controlPlane, { name: 'first', image, serviceAccount: 'pullpass' })
        return (await waitForPodOutput(controlPlane, 'first')) === 'pulled without a Secret\n' || undefined
      })
      const secrets = await requestKubernetes(controlPlane, { path: '/api/v1/secrets' })
      assert.deepEqual(JSON.parse(secrets.body).items, [])
    })

    test('another ServiceAccount on the same node, which the cloud does not trust, cannot pull', async () => {
      const image = await node.publish('second', 'never printed')
      await create('/api/v1/namespaces/default/serviceaccounts', { metadata: { name: 'other' } })
      await runPod(controlPlane, { name: 'second', image, serviceAccount: 'other' })
      await waitForPullFailure(controlPlane, 'second', refused)
      assert.match(node.logs(), /IMPERSONATION_DENIED \(impersonation\): .*; expected .*; fix: /)
    })

    test('a second pod of the first ServiceAccount uses the credential of the cache', async () => {
      const before = new Set(used).size
      const image = await node.publish('third', 'from the cache')
      await runPod(controlPlane, { name: 'third', image, serviceAccount: 'pullpass' })
      assert.equal(await waitForPodOutput(controlPlane, 'third'), 'from the cache\n')
      assert.equal(new Set(used).size, before)
      assert.equal((await stat(paths.cache)).mode & 0o777, 0o700)
    })

    test('what manifests and install wrote agrees: a script for each provider, the CredentialProviderConfig, no write permission', async () => {
      const { providers } = parse(await readFile(join(paths.installed, 'etc/kubelet.yaml'), 'utf8'))
      assert.deepEqual(
        await readdir(join(paths.installed, 'bin')),
        providers.map(({ name }: { name: string }) => name),
      )
      assert.match(
        node.installed,
        /^installed .*\/programs\/[0-9a-f]{16}\n(?:installed .*\n)+installed .*\/etc\/kubelet\.yaml\n$/,
      )
      assert.equal((await node.install()).stdout, '')
      assert.equal((await stat(join(paths.installed, 'bin', providers[0].name))).mode & 0o777, 0o755)
    })

    test('while the cloud is unavailable, pods pull until the credential of the cache has expired', async () => {
      const path = '/api/v1/namespaces/default/serviceaccounts/pullpass'
      const body = { metadata: { annotations: { 'pullpass.dev/registry': 'short' } } }
      const { status } = await requestKubernetes(controlPlane, {
        method: 'PATCH',
        path,
        contentType: 'application/merge-patch+json',
        body,
      })
      assert.equal(status, 200)
      const pull = async (name: string) => {
        const image = await node.publish(name, `pulled by ${name}`)
        await runPod(controlPlane, { name, image, serviceAccount: 'pullpass' })
      }
      await pull('available')
      assert.equal(await waitForPodOutput(controlPlane, 'available'), 'pulled by available\n')
      node.faults.inject({ kind: 'response', response: { status: 503, headers: {}, body: '' } })
      await pull('cached')
      assert.equal(await waitForPodOutput(controlPlane, 'cached'), 'pulled by cached\n')
      await setTimeout(shortLifeSeconds * 1000)
      await pull('expired')
      await waitForPullFailure(controlPlane, 'expired', refused)
      assert.match(node.logs(), /EXCHANGE_UNAVAILABLE \(exchange\): .* 503/)
      node.faults.clear()
      await pull('recovered')
      assert.equal(await waitForPodOutput(controlPlane, 'recovered'), 'pulled by recovered\n')
    })

    test('while the plugin fails, pods cannot pull; after its repair they can', async () => {
      await rm(paths.cache, { recursive: true })
      const [name = ''] = await readdir(join(paths.installed, 'bin'))
      const config = join(paths.installed, `etc/${name}.json`)
      const text = await readFile(config, 'utf8')
      await writeFile(config, '{')
      await create('/api/v1/namespaces/default/serviceaccounts', { metadata: { name: 'crash' } })
      const image = await node.publish('fourth', 'after the repair')
      await runPod(controlPlane, { name: 'fourth', image, serviceAccount: 'crash' })
      await waitForPullFailure(controlPlane, 'fourth', refused)
      assert.match(
        node.logs(),
        /DOCUMENT_INVALID \(document\): .*pullpass-[0-9a-f]{8}\.json: the file is not a JSON object/,
      )
      await writeFile(config, text)
      await runPod(controlPlane, { name: 'fifth', image, serviceAccount: 'pullpass' })
      assert.equal(await waitForPodOutput(controlPlane, 'fifth'), 'after the repair\n')
    })
  })
})
