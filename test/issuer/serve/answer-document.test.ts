import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import { createServedDocuments } from '../../../src/publish/serve/served-documents.ts'

const stored = { text: '{"keys":[]}\n', contentType: 'application/jwk-set+json', cacheControl: 'public, max-age=300' }
const tag = '"sxiPKQgvUdS3W1uRcJgWLtWJpiOM2dbFRHH_t9TkJiY"' // SHA-256 of the text

function response(path: string, headers = {}, issuer = 'https://oidc.example.com/cluster-1') {
  const served = createServedDocuments()
  served.replace({ jwks: stored, discovery: { ...stored, text: JSON.stringify({ issuer }) } })
  return served.respond(path, headers)
}

suite('an anonymous client', () => {
  test('gets the keys with their type, their lifetime and their tag', () => {
    assert.deepEqual(response('/cluster-1/openid/v1/jwks'), {
      status: 200,
      headers: {
        etag: tag,
        'cache-control': 'public, max-age=300',
        'content-type': 'application/jwk-set+json',
        'access-control-allow-origin': '*',
        'x-content-type-options': 'nosniff',
      },
      text: '{"keys":[]}\n',
    })
    assert.equal(response('/cluster-1/.well-known/openid-configuration')?.status, 200)
  })

  test('of an issuer that ends in a slash reads them without a second one', () => {
    assert.equal(response('/cluster-1/openid/v1/jwks', {}, 'https://oidc.example.com/cluster-1/')?.status, 200)
  })

  for (const present of [tag, `W/${tag}`, `"x", ${tag}`, '*']) {
    test(`with ${present} already gets 304 without a body`, () => {
      const unchanged = response('/cluster-1/openid/v1/jwks', { 'if-none-match': present })
      assert.deepEqual(unchanged, {
        status: 304,
        headers: { etag: tag, 'cache-control': 'public, max-age=300' },
        text: '',
      })
    })
  }

  test('with another state gets the current one', () => {
    assert.equal(response('/cluster-1/openid/v1/jwks', { 'if-none-match': '"old"' })?.status, 200)
  })

  for (const path of [
    '/',
    '/openid/v1/jwks',
    '/cluster-1/openid/v1/jwks/',
    '/cluster-1/../cluster-1/openid/v1/jwks',
    '/healthz',
    '/cluster-1/%6fpenid/v1/jwks',
  ]) {
    test(`finds nothing at ${path}`, () => assert.equal(response(path), undefined))
  }

  test('gets Retry-After before any API server was read', () => {
    const early = createServedDocuments().respond('/cluster-1/openid/v1/jwks', {})
    assert.deepEqual(
      [early?.status, early?.headers['retry-after'], early?.headers['cache-control']],
      [503, '5', 'no-store'],
    )
  })
})
