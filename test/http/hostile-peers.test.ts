import assert from 'node:assert/strict'
import { suite, type TestContext, test } from 'node:test'
import { httpsTransport } from '../../src/http/https-transport.ts'
import { openCluster } from '../../src/kubernetes/connection/open-cluster.ts'
import { fakeContext } from '../support/fake-context.ts'
import { broken, endless, type HostilePeer, startHostilePeer } from '../support/hostile-peer.ts'

/** Long enough for any machine: what does not settle fails the test here. */
const patience = { timeout: 20_000 }

const requestCloud = ({ port }: HostilePeer, limitMs: number, body = 'subject_token=planted') =>
  httpsTransport(
    {},
    undefined,
  )({
    method: 'POST',
    url: `http://127.0.0.1:${port}/v1/token`,
    headers: {},
    body,
    maxBytes: 1000,
    signal: AbortSignal.timeout(limitMs),
  })

function clusterAt(t: TestContext, { port }: HostilePeer) {
  const access = {
    server: new URL(`http://127.0.0.1:${port}`),
    trust: async () => ({ verify: 'always' as const }),
    identify: async () => ({}),
  }
  const cluster = openCluster(access, fakeContext())
  t.after(() => cluster.close())
  return cluster
}

/** The loop must turn for a destroyed socket to close. */
async function untilClosed(peer: HostilePeer): Promise<void> {
  while (peer.open() > 0) await new Promise((resolve) => setImmediate(resolve))
}

// Concurrent, since they wait.
suite('a request to a cloud ends within its time limit, and its connection with it', { concurrency: true }, () => {
  for (const [name, misbehave] of Object.entries(endless)) {
    test(`where the peer ${name}`, patience, async (t) => {
      const peer = await startHostilePeer(t, misbehave)
      await assert.rejects(requestCloud(peer, 100), (error: Error) =>
        /^(?:TimeoutError|ResponseInvalid)$/.test(error.name),
      )
      await untilClosed(peer)
    })
  }
})

suite('a request to a cloud fails immediately', () => {
  for (const [name, misbehave] of Object.entries(broken)) {
    test(`where the peer ${name}`, patience, async (t) => {
      const peer = await startHostilePeer(t, misbehave)
      // Node's own errors of a socket or a parser have a code; a mistake in ours would have none.
      await assert.rejects(requestCloud(peer, 60_000), (error: Error & { readonly code?: string }) =>
        error.name === 'Error' ? /^(?:E[A-Z]+|HPE_\w+)$/.test(error.code ?? '') : error.name === 'ResponseInvalid',
      )
      await untilClosed(peer)
    })
  }

  test('and its error names the switch of protocols', patience, async (t) => {
    const peer = await startHostilePeer(t, broken['switches protocols'] ?? assert.fail())
    await assert.rejects(requestCloud(peer, 60_000), {
      name: 'ResponseInvalid',
      message: 'responded with 101, a switch to a protocol that was not requested',
    })
  })
})

suite('a response before the request was read', () => {
  test('counts, and its connection ends', patience, async (t) => {
    const peer = await startHostilePeer(t, (socket) => {
      socket.pause()
      socket.write('HTTP/1.1 400 Bad Request\r\ncontent-length: 2\r\n\r\n{}')
    })
    const { status, body } = await requestCloud(peer, 60_000, 'x'.repeat(50_000_000))
    assert.deepEqual([status, body], [400, '{}'])
  })
})

suite('a request to the API server over HTTP/1.1 ends within its time limit', { concurrency: true }, () => {
  for (const [name, misbehave] of Object.entries({ ...endless, ...broken })) {
    test(`where the peer ${name}`, patience, async (t) => {
      const peer = await startHostilePeer(t, misbehave)
      const cluster = clusterAt(t, peer)
      const refused = cluster.request({ method: 'GET', path: '/', timeoutMs: 30 })
      await assert.rejects(refused, (fault: { code?: string }) =>
        ['KUBERNETES_UNREACHABLE', 'RESPONSE_MALFORMED'].includes(fault.code ?? ''),
      )
      await cluster.close()
      await untilClosed(peer)
    })
  }
})
