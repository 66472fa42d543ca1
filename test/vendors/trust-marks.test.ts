import assert from 'node:assert/strict'
import { test } from 'node:test'
import { markOf, marksIn } from '../../src/vendors/trust/marks.ts'

test('a description has the marks with which it begins', () => {
  const mark = markOf({ issuer: 'https://issuer.example.com' })
  const other = markOf({ issuer: 'https://other.example.com' })
  const cases: readonly (readonly [string, readonly string[]])[] = [
    [`${mark} pulls images for the cluster of https://issuer.example.com`, [mark]],
    [`${mark} ${other} pulls images`, [mark, other]],
    [mark, [mark]],
    [`of team a, in place of ${mark}`, []],
    [`${mark} pulls images, as ${other}`, [mark]],
    [`(${mark})`, []],
    [`${mark}0 pulls images`, []],
    ['', []],
  ]
  for (const [description, expected] of cases) assert.deepEqual(marksIn(description), expected, description)
})
