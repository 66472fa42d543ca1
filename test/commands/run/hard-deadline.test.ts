import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { open } from 'node:fs/promises'
import { suite, test } from 'node:test'
import { fileURLToPath } from 'node:url'

const module = fileURLToPath(new URL('../../../src/commands/run/hard-deadline.ts', import.meta.url))

interface Ended {
  readonly code: number | null
  readonly signal: string | null
  readonly stdout: string
  readonly stderr: string
}

/** A process with a deadline of 0.4 s that runs this script, when the thread of the deadline has started. */
async function runUntilDeadline(work: string, stderrFile: 'pipe' | number = 'pipe'): Promise<Ended> {
  const source = `
    import { startHardDeadline } from ${JSON.stringify(module)}
    const deadline = startHardDeadline(400, { stderr: 'TIMED_OUT (run): as text', stdout: '{"kind": "Error"}' })
    setTimeout(() => { ${work} }, 350)
    setTimeout(() => undefined, 60_000)`
  const child = spawn(process.execPath, ['--input-type=module', '--eval', source], {
    stdio: ['ignore', 'pipe', stderrFile],
  })
  let [stdout, stderr] = ['', '']
  child.stdout?.on('data', (piece) => {
    stdout += String(piece)
  })
  child.stderr?.on('data', (piece) => {
    stderr += String(piece)
  })
  return await new Promise((resolve) => child.on('close', (code, signal) => resolve({ code, signal, stdout, stderr })))
}

const patience = { timeout: 60_000 }
const timedOut = { code: 1, signal: null, stdout: '{"kind": "Error"}\n', stderr: 'TIMED_OUT (run): as text\n' }

suite('a deadline that the event loop cannot serve', { concurrency: true }, () => {
  test('ends a loop without an end, with its message and exit code 1', patience, async () => {
    assert.deepEqual(await runUntilDeadline('for (;;);'), timedOut)
  })

  test('ends a regular expression that backtracks', patience, async () => {
    assert.deepEqual(await runUntilDeadline("/^(a+)+$/.test('a'.repeat(60) + '!')"), timedOut)
  })

  test('ends a blocking system call by a signal that cannot be handled', patience, async () => {
    const blocked = "process.getBuiltinModule('child_process').execFileSync('sleep', ['30'])"
    const { signal, stderr } = await runUntilDeadline(blocked)
    assert.deepEqual([signal, stderr], ['SIGKILL', 'TIMED_OUT (run): as text\n'])
  })

  test('ends a loop without an end, if its message cannot be written', patience, async (t) => {
    const full = await open('/dev/full', 'w')
    t.after(() => full.close())
    assert.deepEqual(await runUntilDeadline('for (;;);', full.fd), { ...timedOut, stderr: '' })
  })

  test('does nothing after it was cancelled', patience, async () => {
    const { code, stderr } = await runUntilDeadline('deadline.serve(); setTimeout(() => process.exit(7), 1500)')
    assert.deepEqual([code, stderr], [7, ''])
  })
})
