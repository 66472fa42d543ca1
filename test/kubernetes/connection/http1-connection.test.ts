import assert from 'node:assert/strict'
import { createServer } from 'node:http'
import { suite, test } from 'node:test'
import { openCluster } from '../../../src/kubernetes/connection/open-cluster.ts'
import { fakeContext } from '../../support/fake-context.ts'

suite('requests over HTTP/1.1', () => {
  for (const drips of ['a body', 'interim responses']) {
    test(`whose response drips ${drips} are given up, however often a byte comes`, async (t) => {
      const server = createServer((_, response) => {
        if (drips === 'a body') response.writeHead(200)
        const drip = setInterval(() => (drips === 'a body' ? response.write(' ') : response.writeProcessing()), 10)
        response.once('close', () => clearInterval(drip))
      })
      await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
      const address = server.address()
      assert.ok(address !== null && typeof address === 'object')
      const access = {
        server: new URL(`http://127.0.0.1:${address.port}`),
        trust: async () => ({ verify: 'always' as const }),
        identify: async () => ({}),
      }
      const cluster = openCluster(access, fakeContext())
      t.after(async () => {
        await cluster.close()
        server.closeAllConnections()
        server.close()
      })
      await assert.rejects(cluster.request({ method: 'GET', path: '/', timeoutMs: 50 }), {
        code: 'KUBERNETES_UNREACHABLE',
        seen: `the API server at ${cluster.server} did not respond: the response did not end within 0.05 s`,
      })
    })
  }
})
