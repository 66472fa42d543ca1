import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import { readPullSecret } from './support/read-pull-secret.ts'
import { spawnPullpass } from './support/spawn-pullpass.ts'
import { startTestSandbox } from './support/start-test-sandbox.ts'

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
