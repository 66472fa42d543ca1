import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import fc from 'fast-check'
import { celAll, celAny, celList, celText } from '../../src/manifests/policies/admission-policy.ts'

suite('CEL', () => {
  test('a text stands between single quotes, and cannot leave them', () => {
    assert.equal(celText('team-a'), "'team-a'")
    assert.equal(celText("' || true || '"), "'\\u0027 || true || \\u0027'")
    assert.equal(celText('a\\b\n'), "'a\\u005cb\\u000a'")
  })

  test('whatever a text holds, it can be read back, and no quote or backslash stands in it unescaped', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary', maxLength: 40 }), (text) => {
        const inner = celText(text).slice(1, -1)
        assert.doesNotMatch(inner.replaceAll(/\\u[0-9a-f]{4}/g, ''), /[\\'\n]/)
        const read = inner.replaceAll(/\\u([0-9a-f]{4})/g, (_, code: string) =>
          String.fromCodePoint(Number.parseInt(code, 16)),
        )
        assert.equal(read, text)
      }),
    )
  })

  test('no clause at all is true of all, and false of any', () => {
    assert.deepEqual([celAll([]), celAny([]), celList([])], ['true', 'false', '[]'])
  })

  test('alternatives stand between brackets, each on its line', () => {
    assert.equal(celAny(['a && b', 'c']), '(a && b) ||\n(c)')
  })
})
