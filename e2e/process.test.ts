/** The behaviour of a process in real time. */
import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { join } from 'node:path'
import { suite, test } from 'node:test'
import { promisify } from 'node:util'
import { spawnPullpass } from '../test/support/spawn-pullpass.ts'
import { startTestSandbox, type TestSandbox } from '../test/support/start-test-sandbox.ts'
import { pullpassProgram } from './parts/process/pullpass-program.ts'

suite('the process, in real time', () => {
  test('standard input that never ends does not delay a run beyond its timeout', async (t) => {
    const sandbox = await startTestSandbox(t, { now: () => new Date() })
    const { child, ended } = spawnPullpass(['refresh', '-f', '-', '--timeout', '1s'], sandbox.environment, {
      stdin: 'pipe',
    })
    const { exitCode, stderr } = await ended
    assert.equal(exitCode, 1)
    assert.match(stderr, /^TIMED_OUT \(run\): the run did not end within 1s\n/)
    assert.equal(child.stdin?.writableEnded, false)
  })

  test('a pipe without a writer for -f does not block it', async (t) => {
    const sandbox = await startTestSandbox(t, { now: () => new Date() })
    const pipe = join(sandbox.folder.path, 'pipe')
    await promisify(execFile)('mkfifo', [pipe])
    const { exitCode, stderr } = await spawnPullpass(['refresh', '-f', pipe, '--timeout', '1s'], sandbox.environment)
      .ended
    assert.equal(exitCode, 1)
    assert.match(stderr, /^TIMED_OUT \(run\): the run did not end within 1s\n/)
  })

  test('its output is complete for a reader that starts late', async (t) => {
    const namespaces = Array.from({ length: 400 }, (_, index) => `team-${index}`)
    const sandbox = await startTestSandbox(t, { namespaces, now: () => new Date() })
    const { stdout, stderr } = await runPiped('{ sleep 4; cat; }', ['refresh', '-o', 'json'], sandbox)
    assert.equal(stderr, 'exit code 0\n')
    assert.ok(stdout.length > 2 * 64 * 1024) // a pipe holds 64 KiB
    assert.equal(JSON.parse(stdout).secrets.length, 400)
  })

  test('output that is not read fails the run at its timeout', async (t) => {
    const namespaces = Array.from({ length: 400 }, (_, index) => `team-${index}`)
    const sandbox = await startTestSandbox(t, { namespaces, now: () => new Date() })
    const argv = ['refresh', '-o', 'json', '--timeout', '5s']
    const { stderr } = await runPiped('sleep 15', argv, sandbox)
    assert.match(stderr, /^TIMED_OUT \(run\): the run did not end within 5s\n/)
    assert.match(stderr, /^exit code 1$/m)
  })
})

/** Output on a pseudo-terminal, by script(1) of util-linux. */
async function onTerminal(argv: readonly string[], environment: Readonly<Record<string, string>>): Promise<string> {
  const command = [process.execPath, pullpassProgram, ...argv].map((word) => `'${word}'`).join(' ')
  const { stdout } = await promisify(execFile)('script', ['--quiet', '--return', '--command', command, '/dev/null'], {
    env: { PATH: process.env['PATH'], ...environment },
  })
  return stdout
}

suite('on a terminal', () => {
  const controlSequence = '\u001b['

  test('a request without a response for two seconds is shown with its hop, and the line is removed after the response', async (t) => {
    const sandbox = await startTestSandbox(t, { now: () => new Date() })
    sandbox.gcp.parts.sts.faults.inject({ kind: 'latency', ms: 3_000 }, { times: 1 })
    const shown = await onTerminal(['refresh'], { ...sandbox.environment, TERM: 'xterm' })
    assert.ok(
      shown.includes(
        `\r${controlSequence}Kwaiting for Google's token service at ${sandbox.environment['PULLPASS_GCP_STS_ENDPOINT']}/v1/token (exchange)\r${controlSequence}K`,
      ),
      shown,
    )
    assert.ok(shown.includes(`${controlSequence}32mcreated${controlSequence}`), shown)
  })

  test('TERM=dumb and NO_COLOR show no colour, and TERM=dumb no line that is overwritten', async (t) => {
    const sandbox = await startTestSandbox(t, { now: () => new Date() })
    sandbox.gcp.parts.sts.faults.inject({ kind: 'latency', ms: 3_000 }, { times: 1 })
    const dumb = await onTerminal(['refresh'], { ...sandbox.environment, TERM: 'dumb' })
    assert.match(dumb, /team-a\/regcred +google +created/)
    assert.ok(!dumb.includes(controlSequence) && !dumb.includes('waiting'), dumb)
    const plain = await onTerminal(['refresh'], { ...sandbox.environment, TERM: 'xterm', NO_COLOR: '1' })
    assert.ok(!plain.includes(`${controlSequence}3`), plain)
  })
})

/** Pipes pullpass into a shell command; its exit code is appended to standard error. */
async function runPiped(reader: string, argv: readonly string[], { environment }: TestSandbox) {
  const script = `{ "$@"; echo "exit code $?" >&2; } | ${reader}`
  const env = { ...environment, PATH: process.env['PATH'] }
  return await promisify(execFile)('sh', ['-c', script, 'sh', process.execPath, pullpassProgram, ...argv], {
    env,
    maxBuffer: 2 ** 24,
  })
}
