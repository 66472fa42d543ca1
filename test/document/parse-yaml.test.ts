import assert from 'node:assert/strict'
import { test } from 'node:test'
import { parseYaml } from '../../src/document/parse-yaml.ts'

test('places are counted in the text as it was given, through aliases and with any line end', () => {
  const parsed = parseYaml('a: &x\r\n  b: [1, {c: 2}]\r\nd: *x\r\n---\ne:\n')
  assert.ok('documents' in parsed)
  const [first, second] = parsed.documents
  assert.deepEqual(first?.value, { a: { b: [1, { c: 2 }] }, d: { b: [1, { c: 2 }] } })
  assert.deepEqual(first?.locate(['a', 'b', 1, 'c'], 'value'), { line: 2, column: 14 })
  assert.deepEqual(first?.locate(['a', 'b', 1, 'c'], 'key'), { line: 2, column: 11 })
  assert.deepEqual(first?.locate(['d', 'b', 0], 'value'), { line: 2, column: 7 })
  assert.deepEqual(first?.locate(['a', 'nothing', 'here'], 'value'), { line: 1, column: 1 })
  assert.deepEqual(second?.start, { line: 5, column: 1 })
})

test('a field of 30,000 is found to stand twice without comparing each with each', () => {
  const fields = Array.from({ length: 30_000 }, (_, index) => `a${index}: 1`)
  assert.deepEqual(parseYaml([...fields, 'a7: 2'].join('\n')), [
    { line: 30_001, column: 1, what: 'the field "a7" is given twice', expected: 'each field once' },
  ])
})

test('more than a thousand documents in one text are refused', () => {
  assert.deepEqual(parseYaml('---\na\n'.repeat(1001)), [
    { line: 1, column: 1, what: 'more than 1000 documents', expected: 'fewer' },
  ])
})

test('what is wrong is told in words of YAML alone, and nothing of the text is', () => {
  const texts: Record<string, string> = {
    'spec: *hunter2pass': 'Unresolved alias (the anchor must be set before the alias): …',
    'a: &a [*a]\nb: *hunter2pass': 'Unresolved alias (the anchor must be set before the alias): …',
    'a: @hunter2pass': 'Plain value cannot start with reserved character @',
    '%hunter2pass x\n---\na': 'Unknown directive …',
    '%YAML hunter2pass\n---\na': 'Unsupported YAML version …',
    '%TAG hunter2pass\n---\na': '%TAG directive should contain exactly two parts',
    'a: !hunter2pass x': 'Unresolved tag: …',
    'a: !<tag:hunter2pass> x': 'Unresolved tag: …',
    'a: !hunter2pass! x': 'The … tag has no suffix',
    'a: |hunter2pass\n x': 'Block scalar header includes extra characters: …',
    'a: "\\Uhunter2pass"': 'Invalid escape sequence …',
    '"a": "b" hunter2pass': 'Unexpected scalar at node end',
    '[a: {}, *hunter2pass: 1]': 'Missing , or : between flow sequence items',
  }
  for (const [text, what] of Object.entries(texts)) {
    const faults = parseYaml(text)
    assert.ok(!('documents' in faults), text)
    assert.equal(faults[0]?.what, `not YAML: "${what}"`)
    assert.ok(!JSON.stringify(faults).includes('hunter2'), text)
  }
})
