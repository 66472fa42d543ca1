import assert from 'node:assert/strict'
import { suite, type TestContext, test } from 'node:test'
import { startTestSandbox, type TestSandbox } from '../../support/start-test-sandbox.ts'
import { heldBy, runTrust } from './run-trust.ts'

/** In the order in which a run writes: the check that a record can be written, then pool, provider, account and its record, then a record and a policy for each of two grants. */
const writes = [
  'nothing, and sees whether a record could be written',
  'nothing, and sees whether a record could be written where there is none yet',
  'the pool',
  'the provider',
  'the service account',
  'the record of its unique id',
  'the record of its unique id, where there is none yet',
  'the record of the first grant',
  'the first grant',
  'the record of the second grant',
  'the second grant',
]

const isWrite = ({ method, path }: { method: string; path: string }) =>
  (method === 'POST' || method === 'PATCH') && !path.endsWith(':getIamPolicy') && !path.endsWith('/token')

/** Calls `decide` with the number of each write, to any API; for `lose` its response is lost. */
function countWrites({ parts, gcp }: TestSandbox, decide: (nth: number) => 'lose' | 'pass'): void {
  let nth = 0
  for (const part of [gcp.parts.iam, gcp.parts.artifactRegistry, parts.kubernetes]) {
    part.faults.inject(
      { kind: 'reset', at: 'response' },
      { when: (request) => isWrite(request) && decide(nth++) === 'lose' },
    )
  }
}

async function runWhole(t: TestContext): Promise<{ readonly count: number; readonly state: unknown }> {
  const sandbox = await startTestSandbox(t, { trust: 'absent' })
  let count = 0
  countWrites(sandbox, () => {
    count += 1
    return 'pass'
  })
  const run = await runTrust(sandbox, ['apply', '--yes'])
  assert.equal(run.exitCode, 0, run.stderr)
  return { count, state: withoutIssuer(sandbox) }
}

/** Each sandbox has its own port. */
function withoutIssuer(sandbox: TestSandbox): unknown {
  const mark = /pullpass:[0-9a-f]{12}/g
  const text = JSON.stringify(heldBy(sandbox))
  return JSON.parse(text.replaceAll(sandbox.cluster.issuer, 'ISSUER').replaceAll(mark, 'MARK'))
}

suite('an interrupted trust apply is continued by the next run', { concurrency: 4 }, () => {
  let whole: ReturnType<typeof runWhole> | undefined
  test('this is the number of writes of a run', async (t) => {
    whole ??= runWhole(t)
    assert.equal((await whole).count, writes.length)
  })

  for (const [at, what] of writes.entries()) {
    test(`interrupted while Google or the cluster writes ${what}`, async (t) => {
      whole ??= runWhole(t)
      const { state } = await whole
      const sandbox = await startTestSandbox(t, { trust: 'absent' })
      const end = new AbortController()
      countWrites(sandbox, (nth) => {
        if (nth === at) end.abort(new Error('killed'))
        return nth === at ? 'lose' : 'pass'
      })
      const ended = await runTrust(sandbox, ['apply', '--yes'], {}, { signal: end.signal })
      assert.equal(ended.exitCode, 1)
      for (const part of Object.values({ ...sandbox.parts, ...sandbox.gcp.parts })) part.faults.clear()
      const run = await runTrust(sandbox, ['apply', '--yes'])

      assert.equal(run.exitCode, 0, run.stderr)
      assert.deepEqual(withoutIssuer(sandbox), state)
    })
  }

  for (const [at, what] of writes.entries()) {
    test(`continues where the response to ${what} was lost`, async (t) => {
      whole ??= runWhole(t)
      const { state } = await whole
      const sandbox = await startTestSandbox(t, { trust: 'absent' })
      let lost = 0
      countWrites(sandbox, (nth) => (nth === at && lost++ === 0 ? 'lose' : 'pass'))
      const run = await runTrust(sandbox, ['apply', '--yes'])

      assert.equal(lost, 1)
      assert.equal(run.exitCode, 0, run.stderr)
      assert.deepEqual(withoutIssuer(sandbox), state)
    })
  }
})
