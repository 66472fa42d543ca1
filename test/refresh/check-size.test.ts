import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import { checkSize } from '../../src/refresh/compose-pull-secret.ts'
import { Redacted } from '../../src/text/redacted.ts'

suite('a pull secret', () => {
  test('of 1 MiB is taken', () => {
    checkSize(new Redacted('x'.repeat(1024 * 1024)), { namespace: 'team-a', name: 'regcred' })
  })

  test('over 1 MiB is refused before it is sent, with its size in bytes', () => {
    assert.throws(() => checkSize(new Redacted('é'.repeat(600_000)), { namespace: 'team-a', name: 'regcred' }), {
      code: 'OBJECT_TOO_LARGE',
      seen: 'Secret team-a/regcred would contain 1200000 bytes of credentials; it was left unchanged',
      expected: 'at most 1048576, the limit of the API server',
    })
  })
})
