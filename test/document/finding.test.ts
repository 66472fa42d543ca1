import assert from 'node:assert/strict'
import { test } from 'node:test'
import { refuse } from '../../src/document/document-errors.ts'

const finding = (at: number) => ({ seen: `a.yaml:${at}:1: x is ${at}`, expected: 'another' })

test('one finding has the form of an error', () => {
  assert.equal(
    refuse('DOCUMENT_INVALID', [finding(1)]).message,
    'DOCUMENT_INVALID (document): a.yaml:1:1: x is 1\n  expected another',
  )
})

test('of very many findings the first are shown, with the number of the others', () => {
  const others = Array.from({ length: 29 }, (_, index) => finding(index + 2))
  const lines = refuse('DOCUMENT_INVALID', [finding(1), ...others]).message.split('\n')
  assert.equal(lines.length, 15)
  assert.equal(lines[2], '  also a.yaml:2:1: x is 2, expected another')
  assert.equal(lines.at(-1), '  also 17 more problems')
})
