/** Idle connections. They are opened when the contract begins and evaluated when it ends, so that their idle time
 *  overlaps with the other cases. RFC 9113 §6.8 */
import assert from 'node:assert/strict'
import { once } from 'node:events'
import { type ClientHttp2Session, connect } from 'node:http2'
import { text } from 'node:stream/consumers'
import { test } from 'node:test'
import type { ContractCluster, KubernetesTarget } from '../kubernetes-cluster.ts'
import { openPullpassConnection, type PullpassConnection } from '../kubernetes-pullpass-connection.ts'

export interface IdleConnections {
  readonly pullpass: PullpassConnection
  /** By the server's clock. */
  readonly since: Date
  readonly goaway: Promise<GoAway>
  readonly closed: Promise<unknown>
  close(): Promise<void>
}

interface GoAway {
  readonly code: number
  readonly lastStream: number
  readonly at: Date
}

const idleMs = 90_000

export async function openIdleConnections(target: KubernetesTarget): Promise<IdleConnections> {
  const session = connect(target.url, { ca: target.ca })
  const pullpass = openPullpassConnection(target, target.adminToken)
  const goaway = waitForGoAway(session, target)
  const closed = once(session, 'close')
  await pullpass.cluster.request({ method: 'GET', path: '/version' })
  await text(session.request({ ':path': '/version', authorization: `Bearer ${target.adminToken}` }))
  return {
    pullpass,
    since: target.now(),
    goaway,
    closed,
    async close() {
      session.destroy()
      await pullpass.cluster.close()
    },
  }
}

async function waitForGoAway(session: ClientHttp2Session, target: KubernetesTarget): Promise<GoAway> {
  const [code, lastStream] = await once(session, 'goaway')
  return { code, lastStream, at: target.now() }
}

export function idleCases(started: () => ContractCluster, opened: () => IdleConnections | undefined): void {
  test('a connection that was idle for 90 s gets GOAWAY without an error, and is closed', {
    timeout: 150_000,
  }, async () => {
    const { target } = started()
    const idle = opened()
    assert.ok(idle)

    await target.waitUntil(new Date(idle.since.getTime() + idleMs))
    const { code, lastStream, at } = await idle.goaway
    await idle.closed

    assert.deepEqual([code, lastStream], [0, 1])
    const lastedMs = at.getTime() - idle.since.getTime()
    assert.ok(lastedMs > idleMs - 1000 && lastedMs < idleMs + 10_000, `${lastedMs} ms`)
  })

  test('pullpass opens a new connection after the server closed the idle one, without an error or a delay', async () => {
    const idle = opened()
    assert.ok(idle)
    const { cluster, waits, log } = idle.pullpass

    const { status } = await cluster.request({ method: 'GET', path: '/version' })

    assert.deepEqual([status, waits], [200, []])
    const request = ['a request to the API server', 'a response of the API server']
    assert.deepEqual(log, [...request, ...request]) // the first pair is from the start of the contract
  })
}
