/**
 * Image pulls that fail for reasons other than credentials, with a real kubelet and a real containerd: doctor reports the cause
 * for the container, and reports nothing after the fix.
 */

import assert from 'node:assert/strict'
import { open, readdir, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { suite, test } from 'node:test'
import type { DoctorFinding } from '../src/commands/output/doctor.ts'
import { requestAsAdmin } from './parts/control-plane/request-kubernetes.ts'
import { startPart } from './parts/process/start-part.ts'
import { waitUntil } from './parts/process/wait-until.ts'
import { withRealPart } from './parts/real-part.ts'
import { buildImage } from './parts/registry/build-image.ts'
import { pushImage, pushOtherPlatformImage } from './parts/registry/push-image.ts'
import type { RegistryLogin } from './parts/registry/start-token-server.ts'
import { startFederatedCluster } from './parts/start-federated-cluster.ts'
import { startNode } from './parts/start-node.ts'
import { startRegistry } from './parts/start-registry.ts'

const publisher = { username: 'publisher', password: 'for-pushing-only' }
const pods = '/api/v1/namespaces/default/pods'

const anonymous = /failed to fetch anonymous token|Unable to retrieve some image pull secrets/

interface Container {
  readonly name: string
  readonly image: string
  readonly imagePullPolicy?: string
}

interface PodStatus {
  readonly status: {
    readonly containerStatuses?: readonly {
      readonly name: string
      readonly imageID: string
      readonly state: { readonly waiting?: { readonly reason: string; readonly message?: string } }
    }[]
  }
}

const startSetup = () =>
  startPart('doctor-node', async ({ folder, use }) => {
    const { controlPlane, google, pullpass } = await use(startFederatedCluster())
    const accepts = ({ username, password }: RegistryLogin): boolean =>
      username === publisher.username
        ? password === publisher.password
        : username === 'oauth2accesstoken' && google.holderOf(password) !== undefined
    const registry = await use(startRegistry({ kind: 'token', accepts }))
    await use(startNode(controlPlane))
    const variables = { REGISTRY_HOSTS: registry.host }
    const imageOf = (name: string) => `${registry.host}/private/${name}:1`
    const refreshed = await pullpass(['refresh'], variables)
    assert.equal(refreshed.exitCode, 0, refreshed.stdout + refreshed.stderr)
    const statusOf = async (pod: string) => {
      const { status }: PodStatus = JSON.parse((await requestAsAdmin(controlPlane, { path: `${pods}/${pod}` })).body)
      return status.containerStatuses ?? []
    }
    /**
     * By a pull with the credential. The kubelet writes Events later than the status; and its first pull is anonymous where it may not
     * read the Secret yet, because the API server has not seen that the Pod names it.
     */
    const isWarned = async (pod: string, container: string) => {
      const fieldPath = `spec.containers{${container}}`
      const selector = `type=Warning,involvedObject.name=${pod},involvedObject.fieldPath=${fieldPath}`
      const path = `/api/v1/namespaces/default/events?fieldSelector=${encodeURIComponent(selector)}`
      const { items }: { items: { message: string }[] } = JSON.parse(
        (await requestAsAdmin(controlPlane, { path })).body,
      )
      return items.some(({ message }) => !anonymous.test(message))
    }
    return {
      imageOf,
      /** Publishes an image for this name, which prints the line. */
      async publish(name: string, line = name): Promise<void> {
        const program = `#include <stdio.h>\nint main(void) { puts("${line}"); }`
        await pushImage(
          await buildImage(join(folder, `${name}-${line}`), imageOf(name), program),
          imageOf(name),
          publisher,
        )
      },
      publishForeign: (name: string) =>
        pushOtherPlatformImage(join(folder, `${name}-foreign`), imageOf(name), publisher),
      /** As after a garbage collection of the registry: the manifest still refers to the layer. */
      async loseLayer(name: string): Promise<void> {
        const root = join(registry.storage, 'docker/registry/v2')
        for (const digest of await readdir(join(root, `repositories/private/${name}/_layers/sha256`))) {
          const file = join(root, `blobs/sha256/${digest.slice(0, 2)}/${digest}/data`)
          if (await isGzip(file)) await rm(file)
        }
      },
      async run(pod: string, containers: readonly Container[]): Promise<void> {
        const spec = {
          nodeName: 'localhost',
          hostNetwork: true,
          restartPolicy: 'Never',
          automountServiceAccountToken: false,
          imagePullSecrets: [{ name: 'regcred' }],
          containers: containers.map((one) => ({ imagePullPolicy: 'Always', ...one })),
        }
        await requestAsAdmin(controlPlane, { method: 'POST', path: pods, body: { metadata: { name: pod }, spec } })
      },
      remove: async (pod: string) => {
        await requestAsAdmin(controlPlane, { method: 'DELETE', path: `${pods}/${pod}?gracePeriodSeconds=0` })
      },
      /** Until the container waits for this reason, and an Event states why. */
      untilWaits: (pod: string, container: string, reason: RegExp) =>
        waitUntil(`${pod} to wait for its image`, 90_000, async () => {
          const { reason: seen = '', message = '' } =
            (await statusOf(pod)).find(({ name }) => name === container)?.state.waiting ?? {}
          const isExpected = reason.test(seen) && !anonymous.test(message)
          return (isExpected && (await isWarned(pod, container))) || undefined
        }),
      untilPulled: (pod: string) =>
        waitUntil(`${pod} to have its images`, 90_000, async () => {
          const statuses = await statusOf(pod)
          return (statuses.length > 0 && statuses.every(({ imageID }) => imageID !== '')) || undefined
        }),
      async examine(pod: string) {
        const { stdout, stderr, exitCode } = await pullpass(
          ['doctor', '--pod', `default/${pod}`, '-o', 'json'],
          variables,
        )
        assert.equal(stderr, '')
        const { findings }: { findings: DoctorFinding[] } = JSON.parse(stdout)
        return { exitCode, failed: findings.filter(({ result }) => result === 'failed') }
      },
    }
  })

async function isGzip(file: string): Promise<boolean> {
  const handle = await open(file).catch(() => undefined)
  if (handle === undefined) return false
  const { buffer } = await handle.read(Buffer.alloc(2), 0, 2, 0)
  await handle.close()
  return buffer.toString('hex') === '1f8b'
}

const waiting = /^(?:ErrImagePull|ImagePullBackOff)$/

await withRealPart('a node that pulls', startSetup, (setup) => {
  const { imageOf } = setup

  async function assertFixed(pod: string, containers: readonly Container[]): Promise<void> {
    await setup.remove(pod)
    await setup.run(pod, containers)
    await setup.untilPulled(pod)
    assert.deepEqual(await setup.examine(pod), { exitCode: 0, failed: [] })
  }

  suite('for a failed pull of a real kubelet, doctor reports', () => {
    test("an image without the node's platform, and nothing after that platform was pushed", async () => {
      await setup.publishForeign('foreign')
      const containers = [{ name: 'program', image: imageOf('foreign') }]
      await setup.run('foreign', containers)
      await setup.untilWaits('foreign', 'program', waiting)
      const { failed, exitCode } = await setup.examine('foreign')
      assert.deepEqual(
        failed.map(({ hop, code }) => [hop, code]),
        [['events', 'IMAGE_PLATFORM_MISSING']],
        JSON.stringify(failed),
      )
      assert.match(
        failed[0]?.fix ?? '',
        /^build and push \S+\/private\/foreign:1 for that platform too, .*; then kubectl delete pod foreign -n default/,
      )
      assert.equal(exitCode, 1)
      await setup.publish('foreign')
      await assertFixed('foreign', containers)
    })

    test('a missing layer, also of a second container, and nothing after the image was pushed again', async () => {
      await setup.publish('whole')
      await setup.publish('torn')
      await setup.loseLayer('torn')
      const containers = [
        { name: 'first', image: imageOf('whole') },
        { name: 'second', image: imageOf('torn') },
      ]
      await setup.run('torn', containers)
      await setup.untilWaits('torn', 'second', waiting)
      const { failed } = await setup.examine('torn')
      assert.deepEqual(
        failed.map(({ hop, code, about }) => [hop, code, about]),
        [['events', 'IMAGE_INCOMPLETE', 'container second of Pod default/torn']],
        JSON.stringify(failed),
      )
      await setup.publish('torn', 'whole again')
      await assertFixed('torn', containers)
    })

    test('an image name that cannot be parsed, which the API server accepts', async () => {
      await setup.publish('named')
      await setup.run('named', [{ name: 'program', image: imageOf('Named') }])
      await setup.untilWaits('named', 'program', /^InvalidImageName$/)
      const { failed } = await setup.examine('named')
      assert.deepEqual(
        failed.map(({ code }) => code),
        ['IMAGE_NAME_INVALID'],
        JSON.stringify(failed),
      )
      await assertFixed('named', [{ name: 'program', image: imageOf('named') }])
    })

    test('an image with pull policy Never that the node does not have', async () => {
      await setup.publish('never')
      const container = { name: 'program', image: imageOf('never') }
      await setup.run('never', [{ ...container, imagePullPolicy: 'Never' }])
      await setup.untilWaits('never', 'program', /^ErrImageNeverPull$/)
      const { failed } = await setup.examine('never')
      assert.deepEqual(
        failed.map(({ code }) => code),
        ['IMAGE_NEVER_PULLED'],
        JSON.stringify(failed),
      )
      await assertFixed('never', [{ ...container, imagePullPolicy: 'IfNotPresent' }])
    })

    test('a registry host name that the node cannot resolve', async () => {
      await setup.publish('reached')
      const first = { name: 'first', image: imageOf('reached') }
      await setup.run('far', [first, { name: 'second', image: 'registry.invalid/team/app:1' }])
      await setup.untilWaits('far', 'second', waiting)
      const { failed } = await setup.examine('far')
      assert.deepEqual(
        failed.map(({ hop, code }) => [hop, code]),
        [
          ['registry', 'IMAGE_NOT_MATCHED'],
          ['events', 'REGISTRY_UNREACHABLE'],
        ],
        JSON.stringify(failed),
      )
      await assertFixed('far', [first])
    })
  })
})
