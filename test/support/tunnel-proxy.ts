/** A proxy that opens tunnels (RFC 9110 §9.3.6), and records their targets and credentials. */
import assert from 'node:assert/strict'
import http from 'node:http'
import { connect as connectSocket } from 'node:net'
import type { TestContext } from 'node:test'

export async function startTunnelProxy(t: TestContext): Promise<{ url: string; tunnels: string[] }> {
  const tunnels: string[] = []
  const server = http.createServer()
  server.on('connect', (request, client, head) => {
    tunnels.push(`${request.url} ${request.headers['proxy-authorization'] ?? ''}`.trim())
    const [host, port] = (request.url ?? '').split(':')
    const target = connectSocket(Number(port), host, () => {
      client.write('HTTP/1.1 200 OK\r\n\r\n')
      target.write(head)
      target.pipe(client).pipe(target)
    })
    target.on('error', () => client.destroy())
    client.on('error', () => target.destroy())
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  t.after(() => server.close())
  const address = server.address()
  assert.ok(address !== null && typeof address === 'object')
  return { url: `http://127.0.0.1:${address.port}`, tunnels }
}
