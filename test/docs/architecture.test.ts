import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { suite, test } from 'node:test'

const page = readFileSync('docs/architecture.md', 'utf8')

suite('docs/architecture.md', () => {
  test('is short enough to be read', () => {
    assert.ok(page.split('\n').length <= 120)
  })

  test('ranks the rooms as the test of the arrows does', () => {
    const held = /const ranks = \[\n(.*?)\n\]/s.exec(readFileSync('test/architecture.test.ts', 'utf8'))?.[1] ?? ''
    const expected = held.split('\n').flatMap((line, rank) => {
      const rooms = line.matchAll(/'([\w.-]+)'/g)
      return [...rooms].map(([, room]) => `${rank + 1} ${room}`)
    })
    const shown = page.matchAll(/^\| (\d+) \| \[([\w.-]+)\/?\]/gm)
    assert.deepEqual([...shown].map(([, rank, room]) => `${rank} ${room}`).toSorted(), expected.toSorted())
  })
})
