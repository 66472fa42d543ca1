import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { suite, test } from 'node:test'

const page = readFileSync('docs/architecture.md', 'utf8')

suite('docs/architecture.md', () => {
  test('has at most 120 lines', () => {
    assert.ok(page.split('\n').length <= 120)
  })

  test('lists the folders with the ranks of the architecture test', () => {
    const source = /const ranks = \[\n(.*?)\n\]/s.exec(readFileSync('test/architecture.test.ts', 'utf8'))?.[1] ?? ''
    const expected = source.split('\n').flatMap((line, rank) => {
      const folders = line.matchAll(/'([\w.-]+)'/g)
      return [...folders].map(([, folder]) => `${rank + 1} ${folder}`)
    })
    const shown = page.matchAll(/^\| (\d+) \| \[([\w.-]+)\/?\]/gm)
    assert.deepEqual([...shown].map(([, rank, folder]) => `${rank} ${folder}`).toSorted(), expected.toSorted())
  })
})
