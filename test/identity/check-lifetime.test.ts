import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import { checkLifetime } from '../../src/identity/check-subject-token.ts'
import { subjectToken as token } from '../support/subject-token.ts'

suite('checkLifetime', () => {
  test('a token lives until its expiry, and a minute longer for clocks that differ', () => {
    assert.equal(checkLifetime(token, 'token', new Date('2025-11-24T11:59:59Z')), undefined)
    assert.equal(checkLifetime(token, 'token', new Date('2025-11-24T12:00:59.999Z')), undefined)
  })

  test('an expired token is named with its expiry and the time now', () => {
    const fault = checkLifetime(token, '/tokens/oidc-token', new Date('2025-11-24T12:01:00Z'))
    assert.equal(fault?.code, 'TOKEN_EXPIRED')
    assert.equal(fault.seen, '/tokens/oidc-token expired at 2025-11-24T12:00:00Z')
    assert.equal(fault.expected, 'a token that is valid now, at 2025-11-24T12:01:00Z')
  })
})
