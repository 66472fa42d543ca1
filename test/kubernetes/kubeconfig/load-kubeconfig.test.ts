import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { mkdtemp, rm, symlink, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { suite, type TestContext, test } from 'node:test'
import { promisify } from 'node:util'
import { PullpassError } from '../../../src/errors/pullpass-error.ts'
import { readCertificates } from '../../../src/kubernetes/connection/certificates.ts'
import { readBearerFile } from '../../../src/kubernetes/connection/identity.ts'
import { chooseContext, loadKubeconfig } from '../../../src/kubernetes/kubeconfig/load.ts'
import fc from '../../support/fast-check.ts'

async function prepare(t: TestContext) {
  const folder = await mkdtemp(join(tmpdir(), 'pullpass-kubeconfig-'))
  t.after(() => rm(folder, { recursive: true }))
  return async (name: string, content: string) => {
    await writeFile(join(folder, name), content)
    return join(folder, name)
  }
}

suite('kubeconfigs', () => {
  test('are merged whole entries at a time, as kubectl does: what comes first counts', async (t) => {
    const write = await prepare(t)
    const first = await write('first', 'users: [{name: u, user: {token: first}}]')
    const second = await write('second', 'current-context: x\nusers: [{name: u, user: {token: second, as: bob}}]')
    const { users, currentContext } = await loadKubeconfig(undefined, { KUBECONFIG: `${first}:${second}` })
    assert.deepEqual(users.get('u'), { fields: { token: 'first' }, file: first })
    assert.equal(currentContext, 'x')
  })

  test('that explode when their aliases are followed are refused', async (t) => {
    const write = await prepare(t)
    const levels = Array.from({ length: 9 }, (_, i) => `a${i + 1}: &a${i + 1} [${`*a${i},`.repeat(9)}]`)
    const path = await write('bomb', ['a0: &a0 x', ...levels].join('\n'))
    await assert.rejects(loadKubeconfig(path, {}), { code: 'KUBECONFIG_INVALID', seen: `${path} is not YAML` })
  })

  test('that are larger than any kubeconfig are not read', async (t) => {
    const write = await prepare(t)
    const path = await write('large', '#'.repeat(5_000_000))
    await assert.rejects(loadKubeconfig(path, {}), {
      code: 'KUBECONFIG_INVALID',
      seen: `${path} is longer than 4194304 bytes`,
    })
  })

  test('that are pipes or devices are refused without reading, links to files are followed', async (t) => {
    const write = await prepare(t)
    const path = await write('file', '{"current-context":"x"}')
    const pipe = path.replace(/file$/, 'pipe')
    await promisify(execFile)('mkfifo', [pipe])
    await symlink(pipe, `${path}-to-pipe`)
    await symlink(path, `${path}-to-file`)
    for (const refused of [pipe, `${path}-to-pipe`, '/dev/zero']) {
      const seen = `${refused} is not a regular file`
      await assert.rejects(loadKubeconfig(refused, {}), { code: 'KUBECONFIG_INVALID', seen })
      await assert.rejects(readBearerFile(refused), { code: 'TOKEN_FILE_UNREADABLE', seen })
      await assert.rejects(readCertificates(refused), { code: 'CA_FILE_INVALID', seen })
    }
    assert.equal((await loadKubeconfig(`${path}-to-file`, {})).currentContext, 'x')
  })

  test('of any content give a context, or an error that states what is wrong', async (t) => {
    const write = await prepare(t)
    const name = fc.constantFrom('clusters', 'users', 'contexts', 'current-context', 'cluster', 'user', 'name')
    const likely = fc.dictionary(name, fc.oneof(fc.jsonValue(), fc.array(fc.dictionary(name, fc.jsonValue()))))
    const content = fc.oneof(
      fc.string(),
      likely.map((value) => JSON.stringify(value)),
    )
    await fc.assert(
      fc.asyncProperty(content, async (text) => {
        try {
          chooseContext(await loadKubeconfig(await write('any', text), {}), undefined)
        } catch (fault) {
          assert.ok(fault instanceof PullpassError && fault.code === 'KUBECONFIG_INVALID', String(fault))
        }
      }),
    )
  })
})
