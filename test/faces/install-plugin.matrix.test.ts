import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { join } from 'node:path'
import { test } from 'node:test'
import { promisify } from 'node:util'
import { preparePlugin } from './prepare-plugin.ts'

const onLinux = { skip: process.platform !== 'linux' && 'nodes run Linux' }

test('an installed plugin starts the program with its own Node.js and libraries', onLinux, async (t) => {
  const { to, install } = await preparePlugin(t, process.execPath)
  await install()
  const { stdout } = await promisify(execFile)(join(to, 'bin/pullpass-1a2b3c4d'), ['--config', 'a b'], { env: {} })
  assert.equal(stdout, '--config a b\n')
  assert.deepEqual(await install(), [])
})
