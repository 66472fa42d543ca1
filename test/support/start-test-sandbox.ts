/** A sandbox for one test, closed at its end. */
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { TestContext } from 'node:test'
import { type Sandbox, type SandboxOptions, startSandbox } from '../../sandbox/start-sandbox.ts'

export interface TestSandbox extends Sandbox {
  /** Writes a file to the sandbox's folder, and returns its path. */
  readonly write: (name: string, content: string | Buffer) => Promise<string>
}

export async function startTestSandbox(
  t: Pick<TestContext, 'after'>,
  options: SandboxOptions = {},
): Promise<TestSandbox> {
  const sandbox = await startSandbox({ now: () => new Date('2026-11-24T12:00:00Z'), ...options })
  t.after(() => sandbox.close())
  return {
    ...sandbox,
    async write(name, content) {
      const path = join(sandbox.folder.path, name)
      await writeFile(path, content)
      return path
    },
  }
}
