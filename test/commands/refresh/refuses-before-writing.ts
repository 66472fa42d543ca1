/** Asserts that refresh reports invalid input before anything is exchanged or written. */
import assert from 'node:assert/strict'
import type { TestContext } from 'node:test'
import { type PullpassOptions, runPullpass } from '../../support/run-pullpass.ts'
import { startTestSandbox, type TestSandbox } from '../../support/start-test-sandbox.ts'

interface Given extends PullpassOptions {
  readonly argv?: readonly string[]
}

export interface BadInput {
  readonly give: (sandbox: TestSandbox) => Promise<Given> | Given
  /** Expected lines of standard error; FOLDER and REGISTRY are those of the sandbox. */
  readonly printed: readonly string[]
}

export async function refusesBeforeWriting(
  t: TestContext,
  badInputs: Readonly<Record<string, BadInput>>,
): Promise<void> {
  const sandbox = await startTestSandbox(t)
  const { kubernetes, registry } = sandbox.parts
  const { sts, iamCredentials } = sandbox.gcp.parts
  for (const [name, { give, printed }] of Object.entries(badInputs)) {
    await t.test(name, async () => {
      const { argv = [], ...options } = await give(sandbox)
      const { exitCode, stdout, stderr } = await runPullpass(sandbox, ['refresh', ...argv], options)
      const shown = stderr.replaceAll(sandbox.folder.path, 'FOLDER').replace(`localhost:${registry.port}`, 'REGISTRY')
      assert.deepEqual(shown.split('\n'), [...printed, ''])
      assert.deepEqual([exitCode, stdout], [2, ''])
      assert.deepEqual([sts.seen.length, iamCredentials.seen.length], [0, 0])
      assert.ok(kubernetes.seen.every(({ method }) => method === 'GET'))
    })
  }
  assert.deepEqual(sandbox.cluster.store.list('Secret'), [])
}
