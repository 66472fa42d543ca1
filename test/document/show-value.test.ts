import assert from 'node:assert/strict'
import { test } from 'node:test'
import { showValue } from '../../src/document/show-value.ts'

test('a value is shown as people would say it', () => {
  const cases: [value: unknown, shown: string][] = [
    ['Reg', '"Reg"'],
    ['two\nlines', '"two lines"'],
    ['', 'empty'],
    [5, '5'],
    [true, 'true'],
    [null, 'empty'],
    [undefined, 'missing'],
    [[], 'an empty list'],
    [['a'], 'a list'],
    [{ a: 1 }, 'an object'],
    [Buffer.from('aa'), 'an object'],
  ]
  for (const [value, shown] of cases) assert.equal(showValue(value), shown)
})

test('what looks like a credential is not shown', () => {
  for (const text of [
    'eyJhbGciOiJSUzI1NiIsImtpZCI6IjEifQ.e30.c2ln',
    'Bearer eyJhbGciOiJSUzI1NiJ9',
    'ya29.c.b0Aaekm1K',
    '-----BEGIN PRIVATE KEY-----\nMII',
  ]) {
    assert.equal(showValue(text), 'a text that looks like a credential, not shown')
  }
})
