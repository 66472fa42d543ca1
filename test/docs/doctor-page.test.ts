import assert from 'node:assert/strict'
import { globSync, readFileSync } from 'node:fs'
import { suite, test } from 'node:test'
import { doctorWords } from '../../src/doctor/doctor-words.ts'
import { doctorHops } from '../../src/doctor/finding.ts'
import { issuerWords } from '../../src/doctor/judge/issuer-words.ts'

const page = readFileSync('docs/doctor.md', 'utf8')
const hopsOf = (hops: readonly string[]) => (hops.length === doctorHops.length ? 'any' : hops.join(', '))

suite('docs/doctor.md', () => {
  test('every word has a line with its hops, and every line is of a word', () => {
    const lines = [...page.matchAll(/^\| ([A-Z_]+) \| ([^|]+) \|/gm)].map(([, word, hops]) => [word, hops])
    assert.deepEqual(
      lines,
      Object.entries(doctorWords).map(([word, hops]) => [word, hopsOf(hops)]),
    )
  })

  test('every hop has a line, in the order of the way', () => {
    const [, hops = ''] = /\| hop \| what is looked at \|\n\| --- \| --- \|\n((?:\|.*\n)+)/.exec(page) ?? []
    assert.deepEqual(
      [...hops.matchAll(/^\| ([a-z-]+) \| /gm)].map(([, hop]) => hop),
      [...doctorHops],
    )
  })

  test('each word of issuer check stands at the hop where doctor tells it', () => {
    const rows = [...page.matchAll(/^\| (discovery|key|signature) \| ([A-Z_, ]+) \|$/gm)]
    const shown = rows.flatMap(([, hop, words = '']) => words.split(', ').map((word) => [word, hop]))
    const told = Object.entries(issuerWords).flatMap(([word, known]) =>
      known === 'of the token' ? [] : [[word, known.hop]],
    )
    assert.deepEqual(shown, told)
  })

  test('every word is named by a test', () => {
    const files = globSync('test/{doctor,commands}/**/*.ts').filter((file) => /doctor/.test(file))
    const tests = files.map((file) => readFileSync(file, 'utf8')).join('\n')
    const unnamed = Object.keys(doctorWords).filter((word) => !new RegExp(`\\b${word}\\b`).test(tests))
    assert.deepEqual(unnamed, [])
  })
})
