import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import { checkLifetime } from '../../src/identity/check-lifetime.ts'
import { Redacted } from '../../src/outside/redacted.ts'

const token = {
  value: new Redacted('secret'),
  issuer: 'https://issuer.example.com',
  subject: 'system:serviceaccount:image-system:pullpass',
  audiences: ['sts'],
  issuedAt: new Date('2025-11-24T11:00:00Z'),
  expiresAt: new Date('2025-11-24T12:00:00Z'),
  keyId: 'key-1',
  algorithm: 'RS256',
  pod: undefined,
  node: undefined,
}

suite('checkLifetime', () => {
  test('a token lives until its expiry, and a minute longer for clocks that differ', () => {
    assert.equal(checkLifetime(token, 'token', new Date('2025-11-24T11:59:59Z')), undefined)
    assert.equal(checkLifetime(token, 'token', new Date('2025-11-24T12:00:59.999Z')), undefined)
  })

  test('an expired token is named with its expiry and the time now', () => {
    const fault = checkLifetime(token, '/tokens/oidc-token', new Date('2025-11-24T12:01:00Z'))
    assert.equal(fault?.code, 'TOKEN_EXPIRED')
    assert.equal(fault.seen, '/tokens/oidc-token expired at 2025-11-24T12:00:00.000Z')
    assert.equal(fault.expected, 'a token that lives now, at 2025-11-24T12:01:00.000Z')
  })
})
