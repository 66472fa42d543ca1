import assert from 'node:assert/strict'
import { open } from 'node:fs/promises'
import { suite, type TestContext, test } from 'node:test'
import { documentText } from '../../support/document-text.ts'
import { readPullSecret } from '../../support/read-pull-secret.ts'
import { type SpawnOptions, spawnPullpass } from '../../support/spawn-pullpass.ts'
import { startTestSandbox } from '../../support/start-test-sandbox.ts'
import { until } from '../virtual-time.ts'

/** A full disk: https://man7.org/linux/man-pages/man4/full.4.html */
async function openFull(t: TestContext): Promise<number> {
  const full = await open('/dev/full', 'w')
  t.after(() => full.close())
  return full.fd
}

const environments: readonly {
  title: string
  options: (t: TestContext) => Promise<SpawnOptions>
  reader?: 'gone' | 'stalled'
}[] = [
  {
    title: 'its log and its output are on a full disk',
    options: async (t) => ({ stdout: await openFull(t), stderr: await openFull(t) }),
  },
  { title: 'the reader of its log is gone', options: async () => ({}), reader: 'gone' },
  { title: 'the reader of its log has stalled', options: async () => ({}), reader: 'stalled' },
  {
    title: 'it may not write a file',
    options: async () => ({ execArgv: ['--permission', '--allow-fs-read=*'] }),
  },
]

suite('the controller writes each Secret, restores one that is deleted, and ends with exit code 0, when', () => {
  for (const { title, options, reader } of environments) {
    test(title, async (t) => {
      // A pipe holds 64 KiB.
      const namespaces = Array.from({ length: reader === 'stalled' ? 400 : 20 }, (_, index) => `team-${index}`)
      const sandbox = await startTestSandbox(t, { now: () => new Date(), namespaces })
      const file = await sandbox.write('pull.yaml', documentText(sandbox, { include: ['team-*', 'absent'] })) // which is reported
      const argv = ['controller', '-f', file, '--no-leader-election', '--log-level', 'debug']
      const { child, ended } = spawnPullpass(argv, sandbox.environment, await options(t))
      t.after(() => child.kill('SIGKILL'))
      if (reader === 'gone') child.stderr?.destroy()
      if (reader === 'stalled') child.stderr?.removeAllListeners('data').pause()
      const all = () => namespaces.every((name) => readPullSecret(sandbox, name) !== undefined)
      await until('each Secret', all)
      const secret = sandbox.cluster.store.read('Secret', 'team-7', 'regcred')
      assert.ok(secret)
      sandbox.cluster.store.remove(secret)
      await until('the repair', all)
      child.kill('SIGTERM')
      child.stderr?.resume()
      assert.equal((await ended).exitCode, 0)
      assert.equal(sandbox.gcp.parts.sts.seen.length, 1)
    })
  }
})
