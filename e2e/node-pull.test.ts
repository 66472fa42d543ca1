/**
 * A real kubelet pulls private images from a real registry with the pull secret of `pullpass refresh`, also after a refresh in place,
 * and with that of `pullpass controller`, which evicts a pod that waits for it.
 */
import assert from 'node:assert/strict'
import { once } from 'node:events'
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { suite, type TestContext, test } from 'node:test'
import { setTimeout } from 'node:timers/promises'
import { documentText } from '../test/support/document-text.ts'
import { type ApiServer, requestAsAdmin, requestKubernetes } from './parts/control-plane/request-kubernetes.ts'
import { runPod, waitForPodOutput, waitForPullFailure } from './parts/node/run-pod.ts'
import { spawnProgram } from './parts/process/pullpass-program.ts'
import { startPart } from './parts/process/start-part.ts'
import { waitUntil } from './parts/process/wait-until.ts'
import { withRealPart } from './parts/real-part.ts'
import { buildImage } from './parts/registry/build-image.ts'
import { pushImage } from './parts/registry/push-image.ts'
import type { RegistryLogin } from './parts/registry/start-token-server.ts'
import { startFederatedCluster } from './parts/start-federated-cluster.ts'
import { startNode } from './parts/start-node.ts'
import { startRegistry } from './parts/start-registry.ts'

const pullSecret = 'regcred'
const publisher = { username: 'publisher', password: 'for-pushing-only' }

/** A node, and a private registry that accepts Google's access tokens that were not revoked. */
const startPullingNode = () =>
  startPart('pulling-node', async ({ folder, use }) => {
    const { controlPlane, google, environment, ...cluster } = await use(startFederatedCluster({ controllers: 'all' }))
    const used = new Set<string>()
    const revoked = new Set<string>()
    const accepts = ({ username, password }: RegistryLogin): boolean => {
      if (username === publisher.username) return password === publisher.password
      used.add(password)
      return username === 'oauth2accesstoken' && google.holderOf(password) !== undefined && !revoked.has(password)
    }
    const registry = await use(startRegistry({ kind: 'token', accepts }))
    await use(startNode(controlPlane))
    return {
      controlPlane,
      /** A new private image whose program prints a line. */
      async publish(name: string, line: string): Promise<string> {
        const image = `${registry.host}/private/${name}:1`
        const program = `#include <stdio.h>\nint main(void) { puts("${line}"); }`
        await pushImage(await buildImage(join(folder, name), image, program), image, publisher)
        return image
      },
      /** Makes the registry refuse every access token that was used so far. */
      revokeTokens(): void {
        for (const password of used) revoked.add(password)
      },
      /** A Secret that pullpass does not manage; its type follows from its field. */
      async createSecret(name: string, fields: Readonly<Record<string, string>>, namespace = 'default'): Promise<void> {
        const encoded = Object.entries(fields).map(([field, text]) => [field, Buffer.from(text).toString('base64')])
        const type = `kubernetes.io/${Object.keys(fields)[0]?.slice(1)}`
        const body = { metadata: { name }, type, data: Object.fromEntries(encoded) }
        const path = `/api/v1/namespaces/${namespace}/secrets`
        const { status } = await requestKubernetes(controlPlane, { method: 'POST', path, body })
        assert.equal(status, 201)
      },
      /** Creates the pull secret, or updates it in place. */
      async refreshPullSecret(): Promise<void> {
        const { exitCode, stdout, stderr } = await cluster.pullpass(['refresh'], { REGISTRY_HOSTS: registry.host })
        assert.equal(exitCode, 0, stdout + stderr)
      },
      /** For a namespace; it evicts pods that wait for the Secret. */
      async startController(t: TestContext, namespace: string): Promise<void> {
        const file = join(folder, 'document.yaml')
        const [project, pool, id] = ['PROJECT_NUMBER', 'POOL_ID', 'PROVIDER_ID'].map((name) => environment[name])
        const provider = `projects/${project}/locations/global/workloadIdentityPools/${pool}/providers/${id}`
        const registries = { google: { host: registry.host } }
        const more = '  stuckPods: Evict\n'
        await writeFile(file, documentText({ gcp: { provider } }, { include: [namespace], registries, more }))
        await cluster.writeToken()
        const { child } = spawnProgram(['controller', '-f', file, '--no-leader-election'], environment)
        t.after(async () => {
          child.kill('SIGTERM')
          await once(child, 'exit')
        })
      },
    }
  })

/** The message of containerd for a login that the registry's token server refuses, expired or wrong. */
const refusedLogin = /failed to authorize: failed to fetch oauth token: unexpected status: 401 Unauthorized$/
const refusedAnonymous = /failed to authorize: failed to fetch anonymous token: unexpected status: 401 Unauthorized$/

await withRealPart('a node that pulls', startPullingNode, ({ controlPlane, ...node }) => {
  suite('a real kubelet and a private image', () => {
    test('a pod with the pull secret runs its private image', async () => {
      const image = await node.publish('first', 'the first private image')
      await node.refreshPullSecret()

      await runPod(controlPlane, { name: 'first', image, pullSecret })

      assert.equal(await waitForPodOutput(controlPlane, 'first'), 'the first private image\n')
    })

    test('a pod with an outdated pull secret cannot pull', async () => {
      const image = await node.publish('outdated', 'never printed')
      node.revokeTokens()

      await runPod(controlPlane, { name: 'outdated', image, pullSecret })

      await waitForPullFailure(controlPlane, 'outdated', refusedLogin)
    })

    test('after a refresh in place another pod runs another private image', async () => {
      const image = await node.publish('second', 'the second private image')
      await node.refreshPullSecret()

      await runPod(controlPlane, { name: 'second', image, pullSecret })

      assert.equal(await waitForPodOutput(controlPlane, 'second'), 'the second private image\n')
    })

    test('a stale credential in another secret, which is tried first, does not prevent the pull', async () => {
      const image = await node.publish('two-secrets', 'pulled by the second credential')
      await node.refreshPullSecret()
      const auth = Buffer.from('oauth2accesstoken:ya29.of-last-week').toString('base64')
      const auths = JSON.stringify({ [image.replace(/[^/]*$/, '')]: { auth } })
      await node.createSecret('stale', { '.dockerconfigjson': `{"auths":${auths}}` })

      await runPod(controlPlane, { name: 'two-secrets', image, pullSecret, otherSecret: 'stale' })

      assert.equal(await waitForPodOutput(controlPlane, 'two-secrets'), 'pulled by the second credential\n')
    })

    test('a legacy .dockercfg secret that cannot be parsed prevents every pull', async () => {
      const image = await node.publish('broken', 'never printed')
      const entry = { 'registry.example.com': { username: 'robot', password: 'p', auth: 'not base64' } }
      await node.createSecret('broken', { '.dockercfg': JSON.stringify(entry) })

      await runPod(controlPlane, { name: 'broken', image, pullSecret, otherSecret: 'broken' })

      await waitForPullFailure(controlPlane, 'broken', /illegal base64 data/)
    })

    test('a pod without the pull secret cannot pull', async () => {
      const image = await node.publish('third', 'never printed')

      await runPod(controlPlane, { name: 'third', image })

      await waitForPullFailure(controlPlane, 'third', refusedAnonymous)
    })

    test('the controller evicts a pod that waits for its pull secret, and the pod that replaces it runs', async (t) => {
      const namespace = 'stuck'
      await requestAsAdmin(controlPlane, {
        method: 'POST',
        path: '/api/v1/namespaces',
        body: { metadata: { name: namespace } },
      })
      await node.createSecret(pullSecret, { '.dockerconfigjson': '{"auths":{}}' }, namespace)
      await node.startController(t, namespace) // another client's Secret is left unchanged
      await createReplicaSet(controlPlane, namespace, await node.publish('stuck', 'never read'))
      const readPods = async () => {
        const { body } = await requestAsAdmin(controlPlane, { path: `/api/v1/namespaces/${namespace}/pods` })
        const { items }: { items: FoundPod[] } = JSON.parse(body)
        return items
      }
      const stuck = await waitUntil('a pod whose image cannot be pulled', 60_000, async () =>
        (await readPods()).find(({ status }) => waitingFor(status) === 'ImagePullBackOff'),
      )

      // The new Secret is written immediately, and the kubelet's next attempt, which would succeed, follows after 10 s.
      await setTimeout(1_000) // API servers record times in seconds, and the failure must be older than the Secret
      const path = `/api/v1/namespaces/${namespace}/secrets/${pullSecret}`
      await requestAsAdmin(controlPlane, { method: 'DELETE', path })

      await waitUntil('another pod that has run', 60_000, async () =>
        (await readPods()).find(({ metadata, status }) => metadata.uid !== stuck.metadata.uid && hasStarted(status)),
      )
      await waitUntil('the Event about the eviction', 10_000, async () => {
        const { body } = await requestAsAdmin(controlPlane, { path: `/api/v1/namespaces/${namespace}/events` })
        const { items }: { items: FoundEvent[] } = JSON.parse(body)
        const ofPod = items.filter(({ involvedObject }) => involvedObject.uid === stuck.metadata.uid)
        return ofPod.some(({ reason }) => reason === 'StuckPodEvicted') || undefined
      })
    })
  })
})

/** Of one pod with the pull secret. */
async function createReplicaSet(apiServer: ApiServer, namespace: string, image: string): Promise<void> {
  const labels = { app: 'stuck' }
  const spec = {
    nodeName: 'localhost',
    hostNetwork: true,
    automountServiceAccountToken: false,
    imagePullSecrets: [{ name: pullSecret }],
    containers: [{ name: 'program', image, imagePullPolicy: 'Always' }],
  }
  const body = {
    metadata: { name: 'stuck' },
    spec: { replicas: 1, selector: { matchLabels: labels }, template: { metadata: { labels }, spec } },
  }
  await requestAsAdmin(apiServer, { method: 'POST', path: `/apis/apps/v1/namespaces/${namespace}/replicasets`, body })
}

interface FoundEvent {
  readonly reason: string
  readonly involvedObject: { readonly uid: string }
}

interface FoundPod {
  readonly metadata: { readonly uid: string }
  readonly status: {
    readonly containerStatuses?: readonly {
      readonly state: {
        readonly waiting?: { readonly reason: string }
        readonly running?: object
        readonly terminated?: object
      }
    }[]
  }
}

const waitingFor = ({ containerStatuses }: FoundPod['status']): string | undefined =>
  containerStatuses?.[0]?.state.waiting?.reason

/** Its program ends immediately; how soon the kubelet then reports that it waits for a restart differs from run to run. */
function hasStarted(status: FoundPod['status']): boolean {
  const { running, terminated } = status.containerStatuses?.[0]?.state ?? {}
  return running !== undefined || terminated !== undefined || waitingFor(status) === 'CrashLoopBackOff'
}
