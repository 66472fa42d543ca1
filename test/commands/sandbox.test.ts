import assert from 'node:assert/strict'
import { mkdtempSync, readdirSync, rmSync } from 'node:fs'
import { watch } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { suite, type TestContext, test } from 'node:test'
import { interruption } from '../../src/commands/run.ts'
import { runPullpass } from '../support/run-pullpass.ts'
import { spawnPullpass } from '../support/spawn-pullpass.ts'

const nowhere = { environment: {}, clock: { now: () => new Date('2026-11-24T12:00:00Z'), advance: () => undefined } }

/** A sandbox as its own process, met while it starts: its folder is there, and it has said nothing yet. */
async function meetStarting(t: TestContext) {
  const folder = mkdtempSync(join(tmpdir(), 'pullpass-test-'))
  t.after(() => rmSync(folder, { recursive: true, force: true }))
  const changes = watch(folder)[Symbol.asyncIterator]()
  const changed = changes.next() // asked before anything can change
  const { child, ended } = spawnPullpass(['sandbox'], { TMPDIR: folder })
  await Promise.race([changed, ended])
  await changes.return?.()
  return { child, ended, left: () => readdirSync(folder) }
}

suite('pullpass sandbox', () => {
  test('stopped while it starts, it says nothing of what is gone already', async () => {
    const stopped = new AbortController()
    const now = () => {
      stopped.abort(interruption('SIGINT')) // whoever asks for the time is starting something
      return new Date('2026-11-24T12:00:00Z')
    }
    const clock = { ...nowhere.clock, now }
    const run = await runPullpass({ ...nowhere, clock }, ['sandbox'], { signal: stopped.signal })
    assert.equal(stopped.signal.aborted, true)
    assert.deepEqual(run, { exitCode: 0, stdout: '', stderr: '' })
  })

  test('stopped as soon as it has a folder, it ends, and leaves no file behind', async (t) => {
    const { child, ended, left } = await meetStarting(t)
    child.kill('SIGINT')
    assert.equal((await ended).exitCode, 0)
    assert.deepEqual(left(), [])
  })

  test('stopped twice, it ends at once, and leaves no token behind', async (t) => {
    const { child, ended, left } = await meetStarting(t)
    child.kill('SIGINT')
    child.kill('SIGTERM')
    const { exitCode } = await ended
    assert.ok(exitCode === 130 || exitCode === 143, String(exitCode)) // the kernel says in which order they come
    assert.deepEqual(left(), [])
  })

  for (const [list, name] of [
    ['Foo,bar', '"Foo"'],
    ['team-a,', 'empty'],
  ] as const) {
    test(`--namespaces ${list} is refused before anything listens`, async () => {
      const { exitCode, stdout, stderr } = await runPullpass(nowhere, ['sandbox', '--namespaces', list])
      assert.deepEqual([exitCode, stdout], [2, ''])
      assert.ok(stderr.startsWith(`USAGE_INVALID (run): --namespaces names ${name}\n  expected lower-case`), stderr)
    })
  }

  test('its help gives no time limit, which it does not have', async () => {
    const { stdout } = await runPullpass(nowhere, ['sandbox', '--help'])
    assert.match(stdout, /--timeout DURATION .*\(default none\)/)
    assert.match((await runPullpass(nowhere, ['refresh', '--help'])).stdout, /--timeout DURATION .*\(default 5m\)/)
  })
})
