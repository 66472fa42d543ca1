import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import { renderTable } from '../../src/terminal/table.ts'
import { anyText } from '../support/any-text.ts'
import fc from '../support/fast-check.ts'

suite('renderTable', () => {
  test('columns are as wide as their longest cell, and no line ends in blanks', () => {
    const table = {
      header: ['NAMESPACE', 'RESULT', 'NOTE'],
      rows: [
        ['team-a', 'written', ''],
        ['a-namespace-with-a-long-name', 'failed', 'no right'],
      ],
    }
    assert.equal(
      renderTable(table, 'never'),
      [
        'NAMESPACE                     RESULT   NOTE',
        'team-a                        written',
        'a-namespace-with-a-long-name  failed   no right',
      ].join('\n'),
    )
  })

  test('in colour, the header is bold and a failure red, and columns stay aligned', () => {
    const table = { header: ['A', 'B'], rows: [[{ text: 'bad', tone: 'bad' }, 'x'] as const, ['good one', 'y']] }
    assert.equal(
      renderTable(table, 'always'),
      ['\x1b[1mA\x1b[22m         \x1b[1mB\x1b[22m', '\x1b[31mbad\x1b[39m       x', 'good one  y'].join('\n'),
    )
  })

  test('without colour there is no escape, whatever the cells contain', () => {
    const cell = fc.oneof(anyText(), fc.constantFrom('\x1b[31mred', 'two\nlines', '\u202Eright to left'))
    const rows = fc.array(fc.array(cell, { minLength: 1, maxLength: 3 }), { minLength: 1, maxLength: 4 })
    fc.assert(
      fc.property(rows, (cells) => {
        const lines = renderTable({ rows: cells }, 'never').split('\n')
        assert.equal(lines.length, cells.length)
        assert.ok(lines.every((line) => !/[\p{Cc}\p{Cf}]/u.test(line)))
      }),
    )
  })

  test('a value of a thousand characters is not cut', () => {
    const long = 'x'.repeat(1000)
    assert.equal(renderTable({ rows: [['subject', long]] }, 'never'), `subject  ${long}`)
  })

  test('on a terminal, the last column wraps between words and stays within its column', () => {
    const rows = [['write', 'ok', 'a refresh would write it in twenty of two hundred namespaces'] as const]
    const table = { header: ['HOP', 'RESULT', 'SEEN'], rows }
    assert.equal(
      renderTable(table, 'never', 48),
      [
        'HOP    RESULT  SEEN',
        'write  ok      a refresh would write it in',
        '               twenty of two hundred namespaces',
      ].join('\n'),
    )
  })

  test('each line of a wrapped cell has its own colour, and a word that is longer than the line stays whole', () => {
    const url = `https://registry.example.com/${'x'.repeat(60)}`
    const rows = [['write', { text: `refused by ${url} today`, tone: 'bad' }] as const]
    assert.equal(
      renderTable({ rows }, 'always', 40),
      ['write  \x1b[31mrefused by\x1b[39m', `       \x1b[31m${url}\x1b[39m`, '       \x1b[31mtoday\x1b[39m'].join('\n'),
    )
  })

  test('where a terminal is too narrow for a column of its own, nothing wraps', () => {
    const rows = [['a-namespace-with-a-long-name', 'two words']]
    assert.equal(renderTable({ rows }, 'never', 40), 'a-namespace-with-a-long-name  two words')
  })

  test('no rows are an empty string', () => assert.equal(renderTable({ rows: [] }, 'never'), ''))
})
