/** What a process does in real time. */
import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { join } from 'node:path'
import { suite, test } from 'node:test'
import { promisify } from 'node:util'
import { spawnPullpass } from '../test/support/spawn-pullpass.ts'
import { startTestSandbox } from '../test/support/start-test-sandbox.ts'

suite('the process, in real time', () => {
  test('standard input that never ends does not hold a run beyond its time', async (t) => {
    const sandbox = await startTestSandbox(t, { now: () => new Date() })
    const { child, ended } = spawnPullpass(['refresh', '-f', '-', '--timeout', '1s'], sandbox.environment, {
      stdin: 'pipe',
    })
    const { exitCode, stderr } = await ended
    assert.equal(exitCode, 1)
    assert.match(stderr, /^TIMED_OUT \(run\): the run did not end within 1s\n/)
    assert.equal(child.stdin?.writableEnded, false)
  })

  test('nor does a pipe that is given to -f, and that nobody writes into', async (t) => {
    const sandbox = await startTestSandbox(t, { now: () => new Date() })
    const pipe = join(sandbox.folder.path, 'pipe')
    await promisify(execFile)('mkfifo', [pipe])
    const { exitCode, stderr } = await spawnPullpass(['refresh', '-f', pipe, '--timeout', '1s'], sandbox.environment)
      .ended
    assert.equal(exitCode, 1)
    assert.match(stderr, /^TIMED_OUT \(run\): the run did not end within 1s\n/)
  })
})
