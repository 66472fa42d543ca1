import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
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

test('a repeated field among 14,000 is found in linear time', () => {
  const fields = Array.from({ length: 14_000 }, (_, index) => `a${index}: 1`)
  assert.deepEqual(parseYaml([...fields, 'a7: 2'].join('\n')), [
    { line: 14_001, column: 1, what: 'the field "a7" is given twice', expected: 'each field once' },
  ])
})

test('more than a thousand documents in one text are refused', () => {
  assert.deepEqual(parseYaml('---\na\n'.repeat(1001)), [
    { line: 2001, column: 1, what: 'more than 1000 documents', expected: 'fewer in one file' },
  ])
})

suite('a text of 1 MiB is refused soon where the library would take very long', () => {
  const numbered = (line: (index: number) => string) =>
    Array.from({ length: 60_000 }, (_, index) => line(index)).join('')
  const longest = 1024 * 1024
  const texts: Record<string, [text: string, line: number, what: string]> = {
    'anchors, each with an alias': [numbered((i) => `- &a${i} x\n- *a${i}\n`), 201, 'more than 100 anchors'],
    'one anchor, and aliases of it': [`- &a x\n${'- *a\n'.repeat(longest / 5)}`, 102, 'more than 100 aliases'],
    commas: [`[${','.repeat(longest - 1)}`, 1, 'more than 100000 tokens of YAML'],
    'double quotes': ['"'.repeat(longest), 1, 'more than 100000 tokens of YAML'],
    'lists in a list': [`[${'[a],'.repeat(longest / 4 - 1)}]`, 1, 'more than 100000 tokens of YAML'],
    'fields in braces': [`{${numbered((i) => `k${i}: v,`)}}`, 1, 'more than 100000 tokens of YAML'],
  }
  for (const [name, [text, line, what]] of Object.entries(texts)) {
    test(name, () => {
      const began = process.cpuUsage() // not the clock's: others work on this machine
      assert.deepEqual(parseYaml(text), [{ line, column: 1, what, expected: 'fewer in one file' }])
      assert.ok(process.cpuUsage(began).user < 3_000_000)
    })
  }
})

test('an ampersand or asterisk inside a text is neither an anchor nor an alias', () => {
  assert.ok('documents' in parseYaml(`[${"'&x', '*y', ".repeat(500)}]`))
})

test('errors are in terms of YAML and quote nothing of the text', () => {
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
