import assert from 'node:assert/strict'
import { test } from 'node:test'
import { renderFrame } from '../../src/terminal/render-frame.ts'

test('a frame is written over the previous one, without wrapping lines, and leaves the last line to the cursor', () => {
  assert.equal(renderFrame('a\nb\nc', 3), '\x1b[?7l\x1b[Ha\x1b[K\nb\x1b[K\x1b[?7h\x1b[J')
})
