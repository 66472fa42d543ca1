import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import { interruption } from '../../../src/commands/run/run.ts'
import { startTestSandbox, type TestSandbox } from '../../support/start-test-sandbox.ts'
import { heldBy, resultsOf, runTrust } from './run-trust.ts'

/** Ctrl-C during the response to the first matching request. */
function interruptAt(
  { parts, gcp }: TestSandbox,
  when: (call: { method: string; path: string }) => boolean,
): AbortSignal {
  const end = new AbortController()
  for (const part of [gcp.parts.iam, gcp.parts.artifactRegistry, parts.kubernetes]) {
    part.faults.inject(
      { kind: 'reset', at: 'response' },
      {
        when: (request) => {
          if (end.signal.aborted || !when(request)) return false
          end.abort(interruption('SIGINT'))
          return true
        },
      },
    )
  }
  return end.signal
}

suite('an interrupted run reports what was done', { concurrency: 4 }, () => {
  test('of apply: what was created, what was in progress, and what was not started', async (t) => {
    const sandbox = await startTestSandbox(t, { trust: 'absent' })
    const signal = interruptAt(sandbox, ({ method, path }) => method === 'POST' && path.endsWith('/serviceAccounts'))
    const run = await runTrust(sandbox, ['apply', '--yes'], {}, { signal })

    assert.equal(run.exitCode, 1)
    assert.deepEqual(resultsOf(run), ['created', 'created', 'unfinished', 'not-started', 'not-started'])
    assert.match(
      run.stdout,
      /^note: puller@.*: the run ended during the change: the next run reads whether it was applied$/m,
    )
    assert.match(run.stdout, /^Not verified: the run ended before\.$/m)
    assert.match(run.stderr, /\nINTERRUPTED \(run\): the run was ended by SIGINT\n/)
  })

  test('of apply with -o json', async (t) => {
    const sandbox = await startTestSandbox(t, { trust: 'absent' })
    const signal = interruptAt(sandbox, ({ method, path }) => method === 'POST' && path.endsWith('/providers'))
    const { stdout } = await runTrust(sandbox, ['apply', '--yes', '-o', 'json'], {}, { signal })
    const results = JSON.parse(stdout).resources.map(({ result }: { result: string }) => result)
    assert.deepEqual(results, ['created', 'unfinished', 'not-started', 'not-started', 'not-started'])
  })

  test('of apply while waiting for a new grant: everything was created', async (t) => {
    const sandbox = await startTestSandbox(t, { trust: 'absent' })
    const signal = interruptAt(sandbox, ({ path }) => path.endsWith('/token'))
    const run = await runTrust(sandbox, ['apply', '--yes'], {}, { signal })
    assert.deepEqual(resultsOf(run), ['created', 'created', 'created', 'granted', 'granted'])
    assert.match(run.stderr, /\nINTERRUPTED \(run\): /)
  })

  test('of apply while a grant is not effective yet: the last reason, which was logged when the wait began', async (t) => {
    const sandbox = await startTestSandbox(t, { trust: 'absent' })
    sandbox.gcp.adjust({ bindingDelaySeconds: 86_400 })
    await runTrust(sandbox, ['apply', '--yes', '--no-verify'])
    const end = new AbortController()
    let waits = 0
    const sleep = async (ms: number, signal: AbortSignal) => {
      if (ms >= 60_000) return await new Promise<void>(() => undefined) // the timeout of the run
      if (++waits === 3) end.abort(interruption('SIGINT'))
      signal.throwIfAborted()
    }
    const run = await runTrust(sandbox, ['apply', '--yes'], {}, { sleep, signal: end.signal })

    assert.match(run.stdout, /^failed +google +ClusterPullSecret\/pull /m)
    assert.match(run.stderr, /^IMPERSONATION_DENIED \(impersonation\): [\s\S]*^INTERRUPTED \(run\): /m)
    const logged = run.stderr.match(/^\S+ warn a registry is not accessible yet, .*$/gm)
    assert.equal(logged?.length, 1)
    assert.match(
      logged?.[0] ?? '',
      /what="registry google of .*" code="IMPERSONATION_DENIED" seen=".*" longestSeconds=28\d$/,
    )
  })

  test('of destroy', async (t) => {
    const sandbox = await startTestSandbox(t, { trust: 'absent' })
    await runTrust(sandbox, ['apply', '--yes'])
    const signal = interruptAt(sandbox, ({ method, path }) => method === 'DELETE' && path.includes('/serviceAccounts/'))
    const run = await runTrust(sandbox, ['destroy', '--yes'], {}, { signal })

    assert.equal(run.exitCode, 1)
    assert.deepEqual(resultsOf(run), ['deleted', 'deleted', 'unfinished', 'not-started', 'not-started'])
    assert.match(run.stdout, /^note: puller@.*: the run ended during the deletion: the next run reads /m)
    assert.match(run.stderr, /\nINTERRUPTED \(run\): /)
    assert.equal(heldBy(sandbox).pool?.state, 'ACTIVE')
  })
})
