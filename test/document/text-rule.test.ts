import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import {
  brokenRule,
  endpointUrl,
  isLoopbackHost,
  originUrl,
  registryHost,
  requestUrl,
} from '../../src/document/field-rules.ts'

test('a mistake is explained by the text itself, unless that looks like a credential', () => {
  assert.equal(brokenRule(registryHost, 'https://gcr.io'), 'the host without a scheme: gcr.io')
  assert.equal(
    brokenRule(registryHost, 'https://glpat-abcdefghijklmnopqrst'),
    'host[:port][/path/] in lower case, such as europe-docker.pkg.dev',
  )
})

suite('plain http is for loopback addresses only', () => {
  for (const host of ['localhost', '127.0.0.1', '127.255.249.100', '127.10.0.9']) {
    test(`such as ${host}`, () => {
      assert.equal(isLoopbackHost(host), true)
      for (const rule of [originUrl, endpointUrl, requestUrl])
        assert.equal(brokenRule(rule, `http://${host}:8080`), undefined)
    })
  }

  for (const host of [
    '127.999.0.1',
    '127.0.0.256',
    '127.0.0',
    '127.0.0.01',
    '127.0.0.1.',
    '128.0.0.1',
    '127.0.0.1.nip.io',
  ]) {
    test(`not ${host}`, () => {
      assert.equal(isLoopbackHost(host), false)
      for (const rule of [originUrl, endpointUrl, requestUrl])
        assert.equal(brokenRule(rule, `http://${host}`), rule.expected)
    })
  }
})

test('a URL that cannot be parsed is refused with the document, not by the request', () => {
  for (const url of ['https://registry.example.com:65536', 'https://1.2.3.999']) {
    for (const rule of [originUrl, endpointUrl, requestUrl]) assert.equal(brokenRule(rule, url), rule.expected, url)
  }
})
