import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import { PullpassError } from '../../src/errors/pullpass-error.ts'
import { plainJson, plainLine, plainText } from '../../src/text/plain-text.ts'
import { anyText } from '../support/any-text.ts'
import fc from '../support/fast-check.ts'

const odd = anyText()

suite('plain text', () => {
  test('a line holds nothing that steers a terminal, and no other line', () => {
    assert.equal(plainLine('a\u001b[31mb\nc\u009bd\u202ee'), 'a\uFFFD[31mb\uFFFDc\uFFFDd\uFFFDe')
    fc.assert(fc.property(odd, (text) => assert.doesNotMatch(plainLine(text), /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/u)))
  })

  test('a text keeps the ends of its lines', () => assert.equal(plainText('a\nb\u0007'), 'a\nb\uFFFD'))

  test('JSON in escapes is the same JSON', () => {
    fc.assert(
      fc.property(odd, (text) => {
        const json = plainJson(JSON.stringify({ text }))
        assert.doesNotMatch(json, /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/u)
        assert.deepEqual(JSON.parse(json), { text })
      }),
    )
  })

  test('an error steers no terminal, whatever it saw', () => {
    const { message } = new PullpassError({ code: 'INTERNAL', hop: 'run', seen: 'x\u001b]52;c;eA==\u0007' })
    assert.equal(message, 'INTERNAL (run): x\uFFFD]52;c;eA==\uFFFD')
  })
})
