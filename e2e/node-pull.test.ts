/** A real kubelet pulls private images from a real registry with a pull secret, before and after its credential rotates. */
import assert from 'node:assert/strict'
import { join } from 'node:path'
import { suite, test } from 'node:test'
import { requestKubernetes } from './parts/control-plane/request-kubernetes.ts'
import { startPart } from './parts/ground/start-part.ts'
import { runPod } from './parts/node/run-pod.ts'
import { withRealPart } from './parts/real-part.ts'
import { buildImage } from './parts/registry/build-image.ts'
import { pushImage } from './parts/registry/push-image.ts'
import { renderLogin } from './parts/registry/render-login.ts'
import { startControlPlane } from './parts/start-control-plane.ts'
import { startNode } from './parts/start-node.ts'
import { startRegistry } from './parts/start-registry.ts'

const username = 'oauth2accesstoken'
const pullSecret = 'regcred'

/** A node, and a registry that takes one password at a time. */
const startPullingNode = () =>
  startPart('pulling-node', async ({ folder, use }) => {
    let password = 'ya29.first'
    const registry = await use(
      startRegistry({ kind: 'token', accepts: (login) => login.username === username && login.password === password }),
    )
    const controlPlane = await use(startControlPlane())
    await use(startNode(controlPlane))
    return {
      controlPlane,
      /** A new private image whose program prints a line. */
      async publish(name: string, line: string): Promise<string> {
        const image = `${registry.host}/private/${name}:1`
        const program = `#include <stdio.h>\nint main(void) { puts("${line}"); }`
        await pushImage(await buildImage(join(folder, name), image, program), image, { username, password })
        return image
      },
      /** From now on the registry refuses the earlier password. */
      rotatePassword(newPassword: string): void {
        password = newPassword
      },
      /** Makes or updates the pull secret in place, with the password that the registry takes now. */
      async refreshPullSecret(): Promise<void> {
        const { status, body } = await requestKubernetes(controlPlane, {
          method: 'PATCH',
          path: `/api/v1/namespaces/default/secrets/${pullSecret}?fieldManager=pullpass`,
          contentType: 'application/apply-patch+yaml',
          body: {
            apiVersion: 'v1',
            kind: 'Secret',
            metadata: { name: pullSecret },
            type: 'kubernetes.io/dockerconfigjson',
            data: {
              '.dockerconfigjson': Buffer.from(renderLogin(registry.host, { username, password })).toString('base64'),
            },
          },
        })
        assert.ok(status === 200 || status === 201, body)
      },
    }
  })

await withRealPart('a node that pulls', startPullingNode, (node) => {
  suite('a real kubelet and a private image', () => {
    test('a pod with the pull secret runs its private image', async () => {
      const image = await node.publish('first', 'the first private image')
      await node.refreshPullSecret()

      const fate = await runPod(node.controlPlane, { name: 'first', image, pullSecret })

      assert.deepEqual(fate, { kind: 'ran', output: 'the first private image\n' })
    })

    test('a pod with an outdated pull secret cannot pull', async () => {
      const image = await node.publish('outdated', 'never printed')
      node.rotatePassword('ya29.second')

      const fate = await runPod(node.controlPlane, { name: 'outdated', image, pullSecret })

      assert.equal(fate.kind, 'not pulled')
      assert.match(
        fate.message,
        /^failed to pull and unpack image .*: failed to authorize: failed to fetch oauth token: unexpected status: 401 Unauthorized$/,
      )
    })

    test('after a refresh in place another pod runs another private image', async () => {
      const image = await node.publish('second', 'the second private image')
      await node.refreshPullSecret()

      const fate = await runPod(node.controlPlane, { name: 'second', image, pullSecret })

      assert.deepEqual(fate, { kind: 'ran', output: 'the second private image\n' })
    })

    test('a pod without the pull secret cannot pull', async () => {
      const image = await node.publish('third', 'never printed')

      const fate = await runPod(node.controlPlane, { name: 'third', image })

      assert.equal(fate.kind, 'not pulled')
      assert.match(
        fate.message,
        /^failed to pull and unpack image .*: failed to authorize: failed to fetch anonymous token: unexpected status: 401 Unauthorized$/,
      )
    })
  })
})
