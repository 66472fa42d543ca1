import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import { checkProxy } from '../../src/outside/check-proxy.ts'

const proxied = { HTTPS_PROXY: 'http://proxy.example.com:3128' }

suite('checkProxy', () => {
  for (const version of ['22.18.0', '22.20.9', '23.11.1', '24.4.1']) {
    test(`Node ${version} would go around the proxy, and is refused`, () => {
      assert.throws(() => checkProxy(proxied, version), {
        code: 'USAGE_INVALID',
        seen: `a proxy is set in the environment, and Node ${version} cannot use it`,
      })
    })
  }

  for (const version of ['22.21.0', '24.5.0', '25.0.0']) {
    test(`Node ${version} uses the proxy`, () => checkProxy({ https_proxy: 'http://proxy.example.com:3128' }, version))
  }

  test('without a proxy, or an empty one, any Node will do', () => {
    checkProxy({}, '22.18.0')
    checkProxy({ HTTPS_PROXY: '' }, '22.18.0')
  })
})
