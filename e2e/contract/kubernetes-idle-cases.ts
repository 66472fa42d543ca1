/** What a server does with connections that nobody uses. They are opened when the contract begins and looked at when it
 *  ends, so that no run waits for them alone. RFC 9113 §6.8 */
import assert from 'node:assert/strict'
import { once } from 'node:events'
import { type ClientHttp2Session, connect } from 'node:http2'
import { text } from 'node:stream/consumers'
import { test } from 'node:test'
import type { ContractCluster, KubernetesTarget } from './kubernetes-cluster.ts'
import { openPullpassLine, type PullpassLine } from './kubernetes-pullpass-line.ts'

export interface IdleLines {
  readonly pullpass: PullpassLine
  /** By the server's clock. */
  readonly since: Date
  readonly goneAway: Promise<Going>
  readonly closed: Promise<unknown>
  close(): Promise<void>
}

interface Going {
  readonly code: number
  readonly lastStream: number
  readonly at: Date
}

const idleMs = 90_000

export async function openIdleLines(target: KubernetesTarget): Promise<IdleLines> {
  const session = connect(target.url, { ca: target.ca })
  const pullpass = openPullpassLine(target, target.adminToken)
  const goneAway = goingOf(session, target)
  const closed = once(session, 'close')
  await pullpass.cluster.request({ method: 'GET', path: '/version' })
  await text(session.request({ ':path': '/version', authorization: `Bearer ${target.adminToken}` }))
  return {
    pullpass,
    since: target.now(),
    goneAway,
    closed,
    async close() {
      session.destroy()
      await pullpass.cluster.close()
    },
  }
}

async function goingOf(session: ClientHttp2Session, target: KubernetesTarget): Promise<Going> {
  const [code, lastStream] = await once(session, 'goaway')
  return { code, lastStream, at: target.now() }
}

export function idleCases(started: () => ContractCluster, opened: () => IdleLines | undefined): void {
  test('a connection that was idle for 90 s is told to go, without an error, and ends', {
    timeout: 150_000,
  }, async () => {
    const { target } = started()
    const idle = opened()
    assert.ok(idle)

    await target.waitUntil(new Date(idle.since.getTime() + idleMs))
    const { code, lastStream, at } = await idle.goneAway
    await idle.closed

    assert.deepEqual([code, lastStream], [0, 1])
    const lastedMs = at.getTime() - idle.since.getTime()
    assert.ok(lastedMs > idleMs - 1000 && lastedMs < idleMs + 10_000, `${lastedMs} ms`)
  })

  test('pullpass opens a new line where the server ended the idle one, without a fault or a wait', async () => {
    const idle = opened()
    assert.ok(idle)
    const { cluster, waits, log } = idle.pullpass

    const { status } = await cluster.request({ method: 'GET', path: '/version' })

    assert.deepEqual([status, waits], [200, []])
    const asked = ['a request to the API server', 'a response of the API server']
    assert.deepEqual(log, [...asked, ...asked]) // the first is of before
  })
}
