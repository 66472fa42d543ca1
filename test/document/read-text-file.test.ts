import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { suite, type TestContext, test } from 'node:test'
import { promisify } from 'node:util'
import { readTextFile } from '../../src/document/sources.ts'

async function makePipe(t: TestContext): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'pullpass-text-'))
  t.after(() => rm(folder, { recursive: true }))
  const pipe = join(folder, 'pipe')
  await promisify(execFile)('mkfifo', [pipe])
  return pipe
}

suite('a pipe in place of a file', () => {
  test('is read to its end, by the first reader', async (t) => {
    const pipe = await makePipe(t)
    const text = 'kind: ClusterPullSecret\n'.repeat(10_000)
    const [read] = await Promise.all([readTextFile(pipe), writeFile(pipe, text)])
    assert.equal(read, text)
    const written = writeFile(pipe, 'late')
    assert.equal(await readTextFile(pipe), 'late')
    await written
  })

  test('is refused once more came than a document may have', async (t) => {
    const pipe = await makePipe(t)
    const written = writeFile(pipe, 'x'.repeat(1024 * 1024 + 1)).catch(() => undefined) // the reader stops before the end
    await assert.rejects(readTextFile(pipe), { code: 'DOCUMENT_UNREADABLE', seen: `${pipe} is longer than 1 MiB` })
    await written
  })
})
