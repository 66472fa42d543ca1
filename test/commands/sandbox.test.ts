import assert from 'node:assert/strict'
import { mkdtempSync, readdirSync, rmSync } from 'node:fs'
import { watch } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { suite, type TestContext, test } from 'node:test'
import { interruption } from '../../src/commands/run/run.ts'
import { runPullpass } from '../support/run-pullpass.ts'
import { spawnPullpass } from '../support/spawn-pullpass.ts'

const emptyHost = { environment: {}, clock: { now: () => new Date('2026-11-24T12:00:00Z'), advance: () => undefined } }

/** A sandbox in its own process, during its start: its folder exists, and it has printed nothing yet. */
async function spawnStarting(t: TestContext) {
  const folder = mkdtempSync(join(tmpdir(), 'pullpass-test-'))
  t.after(() => rmSync(folder, { recursive: true, force: true }))
  const changes = watch(folder)[Symbol.asyncIterator]()
  const changed = changes.next() // started before anything can change
  const { child, ended } = spawnPullpass(['sandbox'], { TMPDIR: folder })
  await Promise.race([changed, ended])
  await changes.return?.()
  return { child, ended, left: () => readdirSync(folder) }
}

suite('pullpass sandbox', () => {
  test('stopped during its start, it prints nothing about parts that are already closed', async () => {
    const stopped = new AbortController()
    const now = () => {
      stopped.abort(interruption('SIGINT')) // the clock is read during the start
      return new Date('2026-11-24T12:00:00Z')
    }
    const clock = { ...emptyHost.clock, now }
    const run = await runPullpass({ ...emptyHost, clock }, ['sandbox'], { signal: stopped.signal })
    assert.equal(stopped.signal.aborted, true)
    assert.deepEqual(run, { exitCode: 0, stdout: '', stderr: '' })
  })

  test('stopped as soon as it has a folder, it ends, and leaves no file', async (t) => {
    const { child, ended, left } = await spawnStarting(t)
    child.kill('SIGINT')
    assert.equal((await ended).exitCode, 0)
    assert.deepEqual(left(), [])
  })

  test('stopped twice, it ends immediately, and leaves no token', async (t) => {
    const { child, ended, left } = await spawnStarting(t)
    child.kill('SIGINT')
    child.kill('SIGTERM')
    const { exitCode } = await ended
    assert.ok(exitCode === 130 || exitCode === 143, String(exitCode)) // the kernel determines the order
    assert.deepEqual(left(), [])
  })

  for (const [list, name] of [
    ['Foo,bar', '"Foo"'],
    ['team-a,', 'empty'],
  ] as const) {
    test(`--namespaces ${list} is refused before any server listens`, async () => {
      const { exitCode, stdout, stderr } = await runPullpass(emptyHost, ['sandbox', '--namespaces', list])
      assert.deepEqual([exitCode, stdout], [2, ''])
      assert.ok(stderr.startsWith(`USAGE_INVALID (run): --namespaces names ${name}\n  expected lower-case`), stderr)
    })
  }

  test('its help lists no --timeout, which it does not have', async () => {
    const { stdout } = await runPullpass(emptyHost, ['sandbox', '--help'])
    assert.match(stdout, /--timeout DURATION .*\(default none\)/)
    assert.match((await runPullpass(emptyHost, ['refresh', '--help'])).stdout, /--timeout DURATION .*\(default 5m\)/)
  })
})
