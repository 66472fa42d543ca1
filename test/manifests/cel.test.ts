import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import { celAll, celAny, celList, celText } from '../../src/manifests/policies/admission-policy.ts'
import { anyText } from '../support/any-text.ts'
import fc from '../support/fast-check.ts'

suite('CEL', () => {
  test('a string literal is in single quotes and cannot leave them', () => {
    assert.equal(celText('team-a'), "'team-a'")
    assert.equal(celText("' || true || '"), "'\\u0027 || true || \\u0027'")
    assert.equal(celText('a\\b\n'), "'a\\u005cb\\u000a'")
  })

  test('any text can be read back, with quotes and backslashes escaped', () => {
    fc.assert(
      fc.property(anyText({ maxLength: 40 }), (text) => {
        const inner = celText(text).slice(1, -1)
        assert.doesNotMatch(inner.replaceAll(/\\u[0-9a-f]{4}/g, ''), /[\\'\n]/)
        const read = inner.replaceAll(/\\u([0-9a-f]{4})/g, (_, code: string) =>
          String.fromCodePoint(Number.parseInt(code, 16)),
        )
        assert.equal(read, text)
      }),
    )
  })

  test('without clauses, all is true and any is false', () => {
    assert.deepEqual([celAll([]), celAny([]), celList([])], ['true', 'false', '[]'])
  })

  test('alternatives are in parentheses, each on its line', () => {
    assert.equal(celAny(['a && b', 'c']), '(a && b) ||\n(c)')
  })
})
