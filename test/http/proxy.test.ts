import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import { checkProxy, parseHttpProxy, proxyFor as proxyNamed } from '../../src/http/proxy.ts'

const proxy = 'http://proxy.example:3128'
const proxyFor = (server: string, environment: Record<string, string>) => proxyNamed(new URL(server), environment)?.url

suite('the proxy for a server', () => {
  test('is the one for its scheme, in capitals or not', () => {
    assert.equal(proxyFor('https://cluster.example', { HTTPS_PROXY: proxy }), proxy)
    assert.equal(proxyFor('https://cluster.example', { https_proxy: proxy }), proxy)
    assert.equal(proxyFor('https://cluster.example', { HTTP_PROXY: proxy }), undefined)
    assert.equal(proxyFor('http://cluster.example', { HTTP_PROXY: proxy }), proxy)
    assert.equal(proxyFor('https://cluster.example', { HTTPS_PROXY: 'proxy.example:3128' }), proxy)
  })

  test('is that of the lower-case variable where both are set, and the one that is set where the other is empty', () => {
    const other = 'http://other.example:1'
    const named = (environment: Record<string, string>) => proxyNamed(new URL('https://cluster.example'), environment)
    assert.deepEqual(named({ https_proxy: proxy, HTTPS_PROXY: other }), { url: proxy, source: 'https_proxy' })
    assert.deepEqual(named({ https_proxy: '', HTTPS_PROXY: proxy }), { url: proxy, source: 'HTTPS_PROXY' })
    assert.equal(named({ https_proxy: '', HTTPS_PROXY: '' }), undefined)
  })

  test('is not used for loopback addresses', () => {
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
    ['https://[fd00::1]:6443', '[fd00::1]:6443'],
    ['https://[fd00::1]', '[fd00::1]'],
    ['https://cluster.example', 'cluster.example.'],
  ]
  for (const [server, noProxy] of direct) {
    test(`is not used for ${server} if NO_PROXY is ${noProxy}`, () => {
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
    test(`is used for ${server} if NO_PROXY is "${noProxy}"`, () => {
      assert.equal(proxyFor(server, { HTTPS_PROXY: proxy, NO_PROXY: noProxy }), proxy)
    })
  }
})

suite('a proxy for clouds and registries', () => {
  test('is given with a scheme or without, as to curl', () => {
    for (const value of ['proxy.example:3128', 'http://proxy.example:3128', 'http://proxy.example:3128/']) {
      checkProxy({ HTTPS_PROXY: value })
      const parsed = parseHttpProxy(proxyNamed(new URL('https://sts.example'), { HTTPS_PROXY: value }) ?? assert.fail())
      assert.deepEqual([parsed.protocol, parsed.host, parsed.port], ['http:', 'proxy.example', 3128])
    }
  })

  test('has the port of its scheme, and may have a user', () => {
    const parse = (url: string) => parseHttpProxy({ url, source: 'HTTPS_PROXY' })
    assert.equal(parse('https://proxy.example').port, 443)
    assert.equal(parse('http://[fd00::1]').host, 'fd00::1')
    assert.equal(parse('http://jane:a%40b@proxy.example').authorization?.reveal(), 'Basic amFuZTphQGI=')
    assert.equal(parse('http://jane:100%@proxy.example').authorization?.reveal(), 'Basic amFuZToxMDAl')
  })

  for (const scheme of ['socks5', 'socks5h', 'socks4', 'ftp', 'quic']) {
    test(`of the scheme ${scheme} is refused, and its password is not shown`, () => {
      assert.throws(() => checkProxy({ https_proxy: `${scheme}://jane:planted-password@proxy.example:1080` }), {
        code: 'USAGE_INVALID',
        seen: `https_proxy is a ${scheme} proxy, which pullpass cannot use for clouds and registries`,
      })
    })
  }

  test('that is not a URL is refused', () => {
    for (const value of ['http://', 'http://proxy.example:99999', 'a b']) {
      const seen = 'HTTPS_PROXY is not the URL of a proxy'
      assert.throws(() => checkProxy({ HTTPS_PROXY: value }), { code: 'USAGE_INVALID', seen })
    }
  })

  for (const entry of [
    '10.0.0.0/99',
    '10.0.0.0/',
    'a.example:99999',
    'a b',
    'http://a.example',
    'a..b',
    '*a.example',
  ]) {
    test(`is refused with NO_PROXY that has the entry "${entry}"`, () => {
      assert.throws(() => checkProxy({ HTTPS_PROXY: proxy, NO_PROXY: `.example.com,${entry}` }), {
        code: 'USAGE_INVALID',
        seen: `NO_PROXY has the entry "${entry}", which no host matches`,
      })
    })
  }

  test('is accepted with every NO_PROXY entry that curl and Go support', () => {
    const entries = ' *.a.example, .b.example,c_d.example:8443,,10.0.0.0/8,fd00::/8,::1,10.1.2.3, localhost,e.example.'
    checkProxy({ HTTPS_PROXY: proxy, NO_PROXY: entries })
    checkProxy({ NO_PROXY: '10.0.0.0/99' }) // of no proxy: it changes nothing
  })

  test('is not checked if every host is reached directly', () => {
    checkProxy({ HTTPS_PROXY: 'socks5://127.0.0.1:1080', NO_PROXY: '*' })
    checkProxy({})
  })
})
