import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import { tokenFilePath } from '../../src/identity/token-file.ts'

suite('tokenFilePath', () => {
  test('the flag goes before the variable, and the variable before the usual place', () => {
    assert.equal(tokenFilePath('./token', { PULLPASS_TOKEN_FILE: '/a' }), './token')
    assert.equal(tokenFilePath(undefined, { PULLPASS_TOKEN_FILE: '/a' }), '/a')
    assert.equal(tokenFilePath(undefined, { PULLPASS_TOKEN_FILE: '' }), '/var/run/secrets/tokens/oidc-token')
    assert.equal(tokenFilePath(undefined, {}), '/var/run/secrets/tokens/oidc-token')
  })
})
