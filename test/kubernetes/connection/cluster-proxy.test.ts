import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import { clusterProxy } from '../../../src/kubernetes/kubeconfig/proxy.ts'
import { startHostilePeer } from '../../support/hostile-peer.ts'
import { startTunnelProxy } from '../../support/tunnel-proxy.ts'
import { openTestCluster } from '../open-test-cluster.ts'

suite('a proxy before the API server', () => {
  test('makes tunnels, and sees nothing of what goes through them', async (t) => {
    const proxy = await startTunnelProxy(t)
    const direct = await openTestCluster(t, () => ({ status: 200 }))
    const { cluster } = await openTestCluster(t, () => ({ status: 200 }), {
      access: {
        ...direct.access,
        proxy: clusterProxy(direct.access.server, {
          url: proxy.url.replace('//', '//jane:secret@'),
          source: 'HTTPS_PROXY',
        }),
      },
    })
    for (let i = 0; i < 3; i++) assert.equal((await cluster.request({ method: 'GET', path: '/' })).status, 200)
    assert.deepEqual(proxy.tunnels, [`127.0.0.1:${direct.part.port} Basic amFuZTpzZWNyZXQ=`])
  })

  test('does not make an untrusted certificate a trusted one', async (t) => {
    const proxy = await startTunnelProxy(t)
    const direct = await openTestCluster(t, () => ({ status: 200 }))
    const { cluster, context } = await openTestCluster(t, () => ({ status: 200 }), {
      access: {
        ...direct.access,
        trust: async () => ({ verify: 'always' }),
        proxy: clusterProxy(direct.access.server, { url: proxy.url, source: 'HTTPS_PROXY' }),
      },
    })
    await assert.rejects(cluster.request({ method: 'GET', path: '/' }), { code: 'CERTIFICATE_UNTRUSTED' })
    assert.deepEqual(context.slept, [])
  })

  test('that is not a proxy’s URL is refused without showing it', () => {
    for (const url of ['ftp://jane:secret@proxy.example', 'proxy.example:3128', '']) {
      assert.throws(
        () => clusterProxy(new URL('https://cluster.example'), { url, source: 'proxy-url in /etc/config' }),
        {
          code: 'KUBECONFIG_INVALID',
          seen: 'proxy-url in /etc/config is not the URL of a proxy for the API server',
        },
      )
    }
  })

  test('that refuses, or does not exist, is named with what names it', async (t) => {
    const refusing = await startHostilePeer(t, (socket) =>
      socket.end('HTTP/1.1 407 Proxy Authentication Required\r\n\r\n'),
    )
    const direct = await openTestCluster(t, () => ({ status: 200 }))
    const through = async (port: number) => {
      const proxy = clusterProxy(direct.access.server, { url: `http://127.0.0.1:${port}`, source: 'HTTPS_PROXY' })
      return (await openTestCluster(t, () => ({ status: 200 }), { access: { ...direct.access, proxy } })).cluster
    }
    const target = `127.0.0.1:${direct.part.port}`
    await assert.rejects((await through(refusing.port)).request({ method: 'GET', path: '/' }), {
      code: 'PROXY_FAILED',
      seen: `the proxy 127.0.0.1:${refusing.port} of HTTPS_PROXY responded with 407; a tunnel to ${target} was requested`,
    })
    await assert.rejects((await through(1)).request({ method: 'GET', path: '/' }), {
      code: 'PROXY_FAILED',
      seen: `the proxy 127.0.0.1:1 of HTTPS_PROXY failed: ECONNREFUSED; a tunnel to ${target} was requested`,
    })
  })
})
