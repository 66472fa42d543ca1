/** The sandbox's server-side apply against kube-apiserver's: the same random writes get the same responses. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from '../../test/support/fast-check.ts'
import { withRealPart } from '../parts/real-part.ts'
import { startControlPlane } from '../parts/start-control-plane.ts'
import { requestApi } from './kubernetes-client.ts'
import { comparable, randomWrites } from './kubernetes-random-writes.ts'
import { startSandboxTarget } from './kubernetes-sandbox-target.ts'

await withRealPart('a control plane to compare with', startControlPlane, (plane) => {
  test('the sandbox responds to random applies, patches and deletes like kube-apiserver', async (t) => {
    const sandbox = await startSandboxTarget()
    t.after(() => sandbox.close?.())
    const servers = [{ url: plane.server, ca: plane.authority, adminToken: plane.adminToken }, sandbox]
    const requestBoth = (request: Omit<Parameters<typeof requestApi>[1], 'token'>) =>
      Promise.all(servers.map((server) => requestApi(server, { ...request, token: server.adminToken })))
    await requestBoth({ method: 'POST', path: '/api/v1/namespaces', body: { metadata: { name: 'comparison' } } })
    let runs = 0

    await fc.assert(
      fc.asyncProperty(randomWrites, async (writes) => {
        runs += 1
        for (const write of writes) {
          const [real, sandboxed] = await requestBoth(write('comparison', `secret-${runs}`))
          assert.ok(real && sandboxed)
          assert.equal(sandboxed.status, real.status, real.text)
          assert.deepEqual(comparable(sandboxed.object), comparable(real.object))
        }
      }),
      { numRuns: 150 },
    )
  })
})
