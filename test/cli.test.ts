import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { suite, test } from 'node:test'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { readPullSecret } from './support/read-pull-secret.ts'
import { spawnPullpass } from './support/spawn-pullpass.ts'
import { startTestSandbox, type TestSandbox } from './support/start-test-sandbox.ts'

const cli = fileURLToPath(new URL('../src/cli.ts', import.meta.url))

/** Pipes pullpass into a shell command; its exit code is appended to standard error. */
async function runPiped(reader: string, argv: readonly string[], { environment }: TestSandbox) {
  const script = `{ "$@"; echo "exit code $?" >&2; } | ${reader}`
  const env = { ...environment, PATH: process.env['PATH'] }
  return await promisify(execFile)('sh', ['-c', script, 'sh', process.execPath, cli, ...argv], {
    env,
    maxBuffer: 2 ** 24,
  })
}

suite('the process', () => {
  test('on SIGTERM it finishes requests in flight, reports what was not done, and exits with 143', async (t) => {
    const namespaces = Array.from({ length: 200 }, (_, index) => `team-${index}`)
    const sandbox = await startTestSandbox(t, { namespaces, now: () => new Date() })
    sandbox.parts.kubernetes.faults.inject({ kind: 'latency', ms: 300 }, { when: ({ method }) => method === 'PATCH' })
    const { child, ended } = spawnPullpass(['refresh'], sandbox.environment)
    await Promise.race([sandbox.parts.kubernetes.whenSeen(({ method }) => method === 'PATCH'), ended])
    child.kill('SIGTERM')
    const { exitCode, stderr, stdout } = await ended

    assert.equal(exitCode, 143, stderr)
    const written = namespaces.filter((namespace) => readPullSecret(sandbox, namespace) !== undefined)
    assert.ok(written.length > 0 && written.length < 200)
    assert.match(stdout, new RegExp(`${written.length} namespaces/regcred +google +created`))
    assert.match(stderr, /^INTERRUPTED \(run\): the run was ended by SIGTERM\n/)
    assert.match(stderr, new RegExp(`affects ${200 - written.length} namespaces: team-`))
  })

  test('a closed standard output ends the output, not the run', async (t) => {
    const sandbox = await startTestSandbox(t, { now: () => new Date() })
    const { child, ended } = spawnPullpass(['refresh'], sandbox.environment)
    child.stdout?.destroy()
    const { exitCode, stderr } = await ended
    assert.deepEqual([exitCode, stderr], [0, ''])
    assert.notEqual(readPullSecret(sandbox, 'team-b'), undefined)
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

  test('without a command it shows its help, and --version shows the version of the package', async () => {
    assert.match(
      (await spawnPullpass([], {}).ended).stdout,
      /^pullpass exchanges Kubernetes service account tokens for/,
    )
    assert.match(
      (await spawnPullpass(['--version'], {}).ended).stdout,
      /^pullpass \d+\.\d+\.\d+ \(commit unknown, Node\.js \d/,
    )
  })
})
