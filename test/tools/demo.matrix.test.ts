import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { test } from 'node:test'
import { fileURLToPath } from 'node:url'

const demo = fileURLToPath(new URL('../../tools/demo.ts', import.meta.url))

test('npm run demo reaches its last step', () => {
  const { status, stdout, stderr } = spawnSync(process.execPath, [demo], { encoding: 'utf8' })

  assert.deepEqual({ status, stderr }, { status: 0, stderr: '' }, stdout)
  assert.match(stdout, /namespace team-c: its pull secret was there after \d+ ms/)
  assert.match(stdout, /No password was stored\./)
})
