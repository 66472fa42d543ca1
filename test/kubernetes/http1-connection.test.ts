import assert from 'node:assert/strict'
import { createServer } from 'node:http'
import { suite, test } from 'node:test'
import { openCluster } from '../../src/kubernetes/connection/open-cluster.ts'
import { fakeContext } from '../support/fake-context.ts'

suite('requests over HTTP/1.1', () => {
  for (const drips of ['a body', 'interim answers']) {
    test(`whose answer drips ${drips} are given up, however often a byte comes`, async (t) => {
      const server = createServer((_, answer) => {
        if (drips === 'a body') answer.writeHead(200)
        const drip = setInterval(() => (drips === 'a body' ? answer.write(' ') : answer.writeProcessing()), 10)
        answer.once('close', () => clearInterval(drip))
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
        seen: `the API server at ${cluster.server} gave no answer: the response did not end within 0.05 s`,
      })
    })
  }
})
