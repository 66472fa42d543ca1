import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import fc from 'fast-check'
import { quoteSafely } from '../../src/outside/quote-safely.ts'
import { Redacted } from '../../src/outside/redacted.ts'

const withheld = '(its words are withheld: they repeat a secret)'
const secret = fc.stringMatching(/^[A-Za-z0-9_.+/=:-]{40,200}$/)
const around = fc.string({ maxLength: 40 })

const eachByte = (text: string, write: (hex: string) => string) =>
  Array.from(Buffer.from(text), (byte) => write(byte.toString(16).padStart(2, '0'))).join('')

suite('words of others', () => {
  const spellings: Record<string, (text: string) => string> = {
    raw: (text) => text,
    'in base64': (text) => Buffer.from(text).toString('base64'),
    'in base64url': (text) => Buffer.from(text).toString('base64url'),
    'URL-encoded': encodeURIComponent,
    'in base64 twice': (text) => Buffer.from(Buffer.from(text).toString('base64')).toString('base64'),
    'in hex': (text) => Buffer.from(text).toString('hex'),
    'in hex of its base64': (text) => Buffer.from(Buffer.from(text).toString('base64')).toString('hex'),
    'in hex with colons': (text) => eachByte(text, (hex) => `${hex.toUpperCase()}:`),
    'as escapes of URLs': (text) => eachByte(text, (hex) => `%${hex}`),
    'as escapes of JSON': (text) => eachByte(text, (hex) => `\\u00${hex}`),
    'as escapes of HTML': (text) => eachByte(text, (hex) => `&#x${hex};`),
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

  const separators: Record<string, (text: string) => string> = {
    'a space in every eleventh place': (text) => text.replaceAll(/.{11}/g, '$& '),
    'a dot after each': (text) => text.replaceAll(/./g, '$&.'),
    'marks that nobody sees': (text) => text.replaceAll(/.{5}/g, '$&\u200b'),
    'lines of base64': (text) => Buffer.from(text).toString('base64').replaceAll(/.{8}/g, '$&\n'),
    'the base of each number': (text) => eachByte(text, (hex) => `0x${hex}, `),
    capitals: (text) => text.toUpperCase(),
  }
  for (const [name, separate] of Object.entries(separators)) {
    test(`are withheld where they repeat letters and digits of a secret, with ${name}`, () => {
      fc.assert(
        fc.property(fc.stringMatching(/^[A-Za-z0-9]{40,100}$/), fc.nat(15), around, (text, start, before) => {
          assert.equal(quoteSafely(before + separate(text.slice(start, start + 24)), [new Redacted(text)]), withheld)
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

  test('of Google about a token are shown, though it holds the issuer and audience that they name', () => {
    const part = (value: object) => Buffer.from(JSON.stringify(value)).toString('base64url')
    const [iss, aud] = ['https://issuer.example.com/cluster', '//iam.googleapis.com/projects/123/locations/global']
    const token = new Redacted(`${part({ alg: 'RS256', kid: 'a' })}.${part({ iss, aud: [aud] })}.c2lnbmF0dXJl`)
    for (const words of [
      `The issuer in ID Token ${iss} does not match the expected one in config: https://issuer.example.com`,
      `The audience in ID Token [${aud}] does not match the expected audience.`,
      "Permission 'iam.serviceAccounts.getAccessToken' denied on resource (or it may not exist).",
    ]) {
      assert.equal(quoteSafely(words, [token]), `"${words}"`)
    }
  })
})
