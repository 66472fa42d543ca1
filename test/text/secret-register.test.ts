import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import { plainJson, plainLine } from '../../src/text/plain-text.ts'
import { Redacted } from '../../src/text/redacted.ts'
import { quoteSafely, repeatsSecret, SecretRegister, withholdSecrets } from '../../src/text/secret-register.ts'
import { anyText } from '../support/any-text.ts'
import fc from '../support/fast-check.ts'

const withheld = '(its words are withheld: they repeat a secret)'
const secret = fc.stringMatching(/^[A-Za-z0-9_.+/=:-]{40,200}$/)
const around = fc.string({ maxLength: 40 })

const spellings: Record<string, (text: string) => string> = {
  raw: (text) => text,
  'in base64': (text) => Buffer.from(text).toString('base64'),
  'in base64url': (text) => Buffer.from(text).toString('base64url'),
  'URL-encoded': encodeURIComponent,
  'with each character percent-encoded': (text) =>
    text.replaceAll(/./gs, (character) => `%${character.charCodeAt(0).toString(16).padStart(2, '0')}`),
  'with every third character percent-encoded': (text) =>
    text.replaceAll(
      /(..)(.)/gs,
      (_, plain: string, character: string) => `${plain}%${character.charCodeAt(0).toString(16).toUpperCase()}`,
    ),
}

function registerOf(...secrets: readonly string[]): SecretRegister {
  const register = new SecretRegister()
  register.add(...secrets.map((text) => new Redacted(text)))
  return register
}

test('a client secret is withheld as forms and Basic authentication contain it', () => {
  const clientSecret = "Xq8~aB/9kL+mN2=pQ~7r'St(u)V1!w=Yz~"
  const form = new URLSearchParams({ client_secret: clientSecret }).toString()
  const basic = Buffer.from(`puller:${form.slice('client_secret='.length)}`).toString('base64')
  for (const text of [form, `bad header Basic ${basic}`]) {
    assert.equal(withholdSecrets(text, registerOf(clientSecret)).includes(basic.slice(12, 40)), false)
    assert.notEqual(withholdSecrets(text, registerOf(clientSecret)), text)
    assert.equal(quoteSafely(text, registerOf(clientSecret)), withheld)
  }
})

suite('words of others', () => {
  for (const [name, spell] of Object.entries(spellings)) {
    test(`are withheld where they repeat a part of any secret of the run, ${name}`, () => {
      fc.assert(
        fc.property(secret, fc.nat(8), around, around, (text, start, before, after) => {
          const words = before + spell(text.slice(start, start + 32)) + after
          const register = registerOf('the first secret', text, 'the last secret')
          assert.equal(quoteSafely(words, register), withheld)
          assert.equal(quoteSafely(words, [new Redacted(text)]), withheld)
        }),
      )
    })
  }

  test('are withheld where base64 of more repeats a secret', () => {
    fc.assert(
      fc.property(secret, fc.string({ maxLength: 10 }), fc.string({ maxLength: 10 }), (text, before, after) => {
        const words = Buffer.from(before + text + after).toString('base64')
        assert.equal(quoteSafely(words, registerOf(text)), withheld)
      }),
    )
  })

  for (const [name, between] of Object.entries({
    'a space': ' ',
    'a line end': '\n',
    'a no-break space': '\u00A0',
    'a zero-width space': '\u200B',
    'a soft hyphen': '\u00AD',
    'a tag outside the basic plane': '\u{E0041}',
    'a variation selector': '\uFE0F',
  })) {
    for (const [form, spell] of Object.entries(spellings)) {
      test(`are withheld where they repeat a secret, ${form}, with ${name} every 11 characters`, () => {
        const token = 'ya29.a0AfH6SMBx-planted+operators/token~0123456789&abcdefghijklmnop'
        const words = `it was ${spell(token).replaceAll(/.{11}/g, (piece) => piece + between)} again`
        const register = registerOf('the first secret', token)
        assert.equal(quoteSafely(words, register), withheld)
        const note = '(withheld, it repeats a secret)'
        assert.equal(withholdSecrets(words, register), `it was ${note} again`)
        assert.equal(withholdSecrets(plainLine(words), register), `it was ${note} again`)
        assert.equal(withholdSecrets(JSON.stringify({ words }), register).includes(spell(token).slice(11, 22)), false)
        assert.equal(withholdSecrets(plainJson(words), register).includes(spell(token).slice(11, 22)), false)
      })
    }
  }

  test('are withheld where they repeat lines of a secret in one', () => {
    const secretLines = 'a planted\nsecret of\nseveral\nlines and words'
    assert.equal(quoteSafely(`it was ${secretLines}`, registerOf(secretLines)), withheld)
  })

  test('are shown otherwise, in one line of bounded length', () => {
    fc.assert(
      fc.property(anyText({ maxLength: 1000 }), (words) => {
        const shown = quoteSafely(words, registerOf('~'.repeat(40)))
        assert.ok(shown.length <= 303)
        assert.doesNotMatch(shown, /[\p{Cc}\p{Zl}\p{Zp}]/u)
      }),
    )
    assert.equal(quoteSafely('Permission denied.\nTry again.', registerOf('x')), '"Permission denied. Try again."')
  })

  test('of Google about a token are shown, though it holds the issuer and audience that they name', () => {
    const part = (value: object) => Buffer.from(JSON.stringify(value)).toString('base64url')
    const [iss, aud] = ['https://issuer.example.com/cluster', '//iam.googleapis.com/projects/123/locations/global']
    const token = `${part({ alg: 'RS256', kid: 'a' })}.${part({ iss, aud: [aud] })}.c2lnbmF0dXJl`
    for (const words of [
      `The issuer in ID Token ${iss} does not match the expected one in config: https://issuer.example.com`,
      `The audience in ID Token [${aud}] does not match the expected audience.`,
      "Permission 'iam.serviceAccounts.getAccessToken' denied on resource (or it may not exist).",
    ]) {
      assert.equal(quoteSafely(words, registerOf(token)), `"${words}"`)
    }
  })
})

suite('the secrets of a run', () => {
  test('are as many as a daemon needs: the latest 300', () => {
    const register = new SecretRegister()
    const nth = (count: number) => `a-session-token-of-number-${count}-0123456789`
    for (let count = 0; count < 400; count++) register.add(new Redacted(nth(count)))
    register.add(new Redacted(nth(399)), undefined)
    assert.equal([...register].length, 300)
    assert.equal(repeatsSecret(nth(399), register), true)
    assert.equal(repeatsSecret(nth(100), register), true)
    assert.equal(
      [...register].some((one) => one.reveal() === nth(99)),
      false,
    )
  })

  test('are each read once, though a thousand are added and searched for in turn', () => {
    let reads = 0
    class Counted extends Redacted {
      override reveal(): string {
        reads += 1
        return super.reveal()
      }
    }
    const register = new SecretRegister()
    const nth = (count: number) => `${count}-a-session-token-0123456789-of-${count}-abcdefghijklmn`
    for (let count = 0; count < 1000; count++) {
      register.add(new Counted(nth(count)))
      assert.equal(repeatsSecret(nth(count), register), true)
    }
    assert.equal(reads, 1000)
    assert.equal(register.pieces.has(nth(699).slice(0, 12)), false)
    assert.equal(register.pieces.has(nth(700).slice(0, 12)), true)
  })

  test('are found by a part that they share with one that was dropped', () => {
    const register = registerOf('a-shared-beginning-of-one')
    assert.equal(repeatsSecret('a-shared-beginning-of', register), true)
    register.add(new Redacted('a-shared-beginning-of-another'))
    for (let count = 0; count < 299; count++) register.add(new Redacted(`another-secret-of-number-${count}`))
    assert.equal(
      [...register].some((one) => one.reveal() === 'a-shared-beginning-of-one'),
      false,
    )
    assert.equal(repeatsSecret('a-shared-beginning-of', register), true)
    assert.equal(repeatsSecret('ginning-of-one', register), false)
  })

  test('are found in a long text without delay', () => {
    const began = process.cpuUsage() // not the clock's: others work on this machine
    assert.equal(repeatsSecret('x'.repeat(1024 * 1024), registerOf('yz'.repeat(1000))), false)
    assert.equal(repeatsSecret('%41'.repeat(300_000), registerOf('yz'.repeat(1000))), false)
    assert.ok(process.cpuUsage(began).user < 5_000_000)
  })

  test('are replaced in what is printed, each by a note, and the rest stays as it is', () => {
    const token = 'ya29.a0AfH6SMBx-planted-operators-token-0123456789'
    const note = '(withheld, it repeats a secret)'
    const register = registerOf(token, 'another-secret-of-the-run')
    const shown = (text: string) => withholdSecrets(text, register)
    assert.equal(shown(`kid ${token} and "${token}", none`), `kid ${note} and "${note}", none`)
    assert.equal(shown(`{"kid":"${Buffer.from(token).toString('base64url')}"}`), `{"kid":"${note}"}`)
    assert.equal(shown('nothing to hide: ya29.a0 and planted-oper'), 'nothing to hide: ya29.a0 and planted-oper')
    assert.equal(withholdSecrets(token, new SecretRegister()), token)
  })

  test('of any characters break nothing', () => {
    fc.assert(
      fc.property(anyText({ maxLength: 100 }), anyText({ maxLength: 300 }), (text, words) => {
        const shown = withholdSecrets(words, registerOf(text))
        assert.equal(shown === words, !repeatsSecret(words, registerOf(text)))
      }),
    )
  })
})
