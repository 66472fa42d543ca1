/** `pullpass inspect`, with a sandbox whose clock is constant until it is advanced. */
import type { TestContext } from 'node:test'
import { type Sandbox, startSandbox } from '../../../sandbox/start-sandbox.ts'
import { type PullpassRun, runPullpass } from '../../support/run-pullpass.ts'

export async function start(t: TestContext): Promise<Sandbox> {
  const sandbox = await startSandbox({ now: () => new Date('2026-11-24T12:00:00Z') })
  t.after(sandbox.close)
  return sandbox
}

export const runInspect = (sandbox: Sandbox, words: readonly string[], input = ''): Promise<PullpassRun> =>
  runPullpass(sandbox, ['inspect', ...words], { input })
