/** Connections: HTTP/2 if the client offers it (RFC 9113), else HTTP/1.1. */
import assert from 'node:assert/strict'
import { once } from 'node:events'
import { connect, type Settings } from 'node:http2'
import { test } from 'node:test'
import { connect as connectTls } from 'node:tls'
import type { ContractCluster } from '../kubernetes-cluster.ts'

export function connectionCases(started: () => ContractCluster): void {
  test('a connection allows 100 concurrent HTTP/2 streams', async () => {
    const { url, ca } = started().target
    const session = connect(url, { ca })
    try {
      const [settings]: Settings[] = await once(session, 'remoteSettings')

      assert.equal(settings?.maxConcurrentStreams, 100)
    } finally {
      session.destroy()
    }
  })

  test('a client that offers only HTTP/1.1 gets HTTP/1.1', async () => {
    const { url, ca } = started().target
    const socket = connectTls({ host: '127.0.0.1', port: Number(new URL(url).port), ca, ALPNProtocols: ['http/1.1'] })
    try {
      await once(socket, 'secureConnect')

      assert.equal(socket.alpnProtocol, 'http/1.1')
    } finally {
      socket.destroy()
    }
  })
}
