import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { suite, test } from 'node:test'
import { findingWords } from '../../src/issuer/public/issuer-finding.ts'

suite('docs/issuer.md', () => {
  test('every word of a finding has a line, and every line is of a word', () => {
    const words = [...readFileSync('docs/issuer.md', 'utf8').matchAll(/^\| ([A-Z_]+) \|/gm)].map(([, word]) => word)
    assert.deepEqual(new Set(words), new Set<unknown>(findingWords))
  })
})
