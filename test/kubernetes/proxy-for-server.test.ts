import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import { proxyForServer } from '../../src/kubernetes/proxy-for-server.ts'

const proxy = 'http://proxy.example:3128'
const proxyFor = (server: string, environment: Record<string, string>) => proxyForServer(new URL(server), environment)

suite('the proxy for an API server', () => {
  test('is the one for its scheme, in capitals or not', () => {
    assert.equal(proxyFor('https://cluster.example', { HTTPS_PROXY: proxy }), proxy)
    assert.equal(proxyFor('https://cluster.example', { https_proxy: proxy }), proxy)
    assert.equal(proxyFor('https://cluster.example', { HTTP_PROXY: proxy }), undefined)
    assert.equal(proxyFor('http://cluster.example', { HTTP_PROXY: proxy }), proxy)
    assert.equal(proxyFor('https://cluster.example', { HTTPS_PROXY: 'proxy.example:3128' }), proxy)
  })

  test('is not asked for this machine', () => {
    for (const host of ['localhost', '127.0.0.1', '127.9.9.9', '[::1]']) {
      assert.equal(proxyFor(`https://${host}:6443`, { HTTPS_PROXY: proxy }), undefined, host)
    }
  })

  const direct: [string, string][] = [
    ['https://cluster.example', '*'],
    ['https://cluster.example', 'other.example, cluster.example'],
    ['https://api.cluster.example', 'cluster.example'],
    ['https://api.cluster.example', '.cluster.example'],
    ['https://api.cluster.example', '*.cluster.example'],
    ['https://cluster.example:6443', 'cluster.example:6443'],
    ['https://cluster.example', 'Cluster.Example'],
    ['https://10.1.2.3', '10.1.2.3'],
    ['https://10.1.2.3', '10.0.0.0/8'],
    ['https://[fd00::1]', 'fd00::1'],
    ['https://[fd00::1]', 'fd00::/8'],
  ]
  for (const [server, noProxy] of direct) {
    test(`is not asked for ${server} where NO_PROXY is ${noProxy}`, () => {
      assert.equal(proxyFor(server, { HTTPS_PROXY: proxy, NO_PROXY: noProxy }), undefined)
    })
  }

  const proxied: [string, string][] = [
    ['https://cluster.example', ''],
    ['https://cluster.example', '.cluster.example'],
    ['https://mycluster.example', 'cluster.example'],
    ['https://cluster.example:6443', 'cluster.example:443'],
    ['https://11.1.2.3', '10.0.0.0/8'],
    ['https://10.1.2.3', '10.0.0.0/99'],
    ['https://cluster.example', '10.0.0.0/8'],
    ['https://[fd00::1]', '10.0.0.0/8'],
  ]
  for (const [server, noProxy] of proxied) {
    test(`is asked for ${server} where NO_PROXY is "${noProxy}"`, () => {
      assert.equal(proxyFor(server, { HTTPS_PROXY: proxy, NO_PROXY: noProxy }), proxy)
    })
  }
})
