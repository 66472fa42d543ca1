import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import fc from 'fast-check'
import { quoteSafely } from '../../src/outside/quote-safely.ts'
import { Redacted } from '../../src/outside/redacted.ts'

const withheld = '(its words are withheld: they repeat a secret)'
const secret = fc.stringMatching(/^[A-Za-z0-9_.+/=:-]{40,200}$/)
const around = fc.string({ maxLength: 40 })

suite('words of others', () => {
  const spellings: Record<string, (text: string) => string> = {
    raw: (text) => text,
    'in base64': (text) => Buffer.from(text).toString('base64'),
    'in base64url': (text) => Buffer.from(text).toString('base64url'),
    'URL-encoded': encodeURIComponent,
  }
  for (const [name, spell] of Object.entries(spellings)) {
    test(`are withheld where they repeat 24 characters of a secret, ${name}`, () => {
      fc.assert(
        fc.property(secret, fc.nat(15), around, around, (text, start, before, after) => {
          const words = before + spell(text.slice(start, start + 24)) + after
          assert.equal(quoteSafely(words, [new Redacted('other'), new Redacted(text)]), withheld)
        }),
      )
    })
  }

  test('are withheld where base64 of more repeats a secret', () => {
    fc.assert(
      fc.property(secret, fc.string({ maxLength: 10 }), fc.string({ maxLength: 10 }), (text, before, after) => {
        const words = Buffer.from(before + text + after).toString('base64')
        assert.equal(quoteSafely(words, [new Redacted(text)]), withheld)
      }),
    )
  })

  test('are shown otherwise, in one line of bounded length', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary', maxLength: 1000 }), (words) => {
        const shown = quoteSafely(words, [new Redacted('~'.repeat(40))])
        assert.ok(shown.length <= 303)
        assert.doesNotMatch(shown, /[\p{Cc}\p{Zl}\p{Zp}]/u)
      }),
    )
    assert.equal(quoteSafely('Permission denied.\nAsk again.', [new Redacted('x')]), '"Permission denied. Ask again."')
  })
})
