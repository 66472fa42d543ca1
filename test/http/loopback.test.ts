import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import { isLoopback, proxyFor } from '../../src/http/proxy.ts'

suite('a loopback host', () => {
  for (const url of ['http://localhost:8080', 'http://127.0.0.1', 'http://127.9.9.9', 'http://[::1]:8080']) {
    test(`is that of ${url}, which is reached without a proxy`, () => {
      const { hostname } = new URL(url)
      assert.equal(isLoopback(hostname), true)
      assert.equal(proxyFor(new URL(url), { HTTPS_PROXY: 'http://proxy.example:3128' }), undefined)
    })
  }

  test('is an IPv6 address with or without brackets', () => assert.equal(isLoopback('::1'), true))

  for (const host of ['localhost.example.com', '127.0.0.1.nip.io', '128.0.0.1', '[::2]', '1270.0.0.1', '']) {
    test(`is not ${host || 'an empty name'}`, () => assert.equal(isLoopback(host), false))
  }
})
