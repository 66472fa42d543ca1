import assert from 'node:assert/strict'
import { mkdir, mkdtemp, readdir, readFile, rm, stat, symlink, utimes, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { suite, type TestContext, test } from 'node:test'
import { publishTargetContract } from '../../../e2e/contract/publish-target-contract.ts'
import { documentPaths } from '../../../src/oidc/issuer-documents.ts'
import { openTarget } from '../../../src/publish/open-target.ts'
import { fakeContext } from '../../support/fake-context.ts'

const document = { text: '{"keys":[]}', contentType: 'application/jwk-set+json', cacheControl: 'no-store' }

async function makeFolder(t: TestContext): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'pullpass-folder-'))
  t.after(() => rm(folder, { recursive: true }))
  return folder
}

/** Its clock is the file system's. */
const open = (folder: string) => openTarget(folder, { ...fakeContext(), now: () => new Date() })

publishTargetContract('a folder', { preconditions: 'atomic' }, async (t) => {
  const folder = await makeFolder(t)
  return {
    target: await open(folder),
    other: await open(folder),
    missing: await open(join(folder, 'not-there')),
    async put(name, text) {
      const path = join(folder, documentPaths[name])
      await mkdir(dirname(path), { recursive: true })
      await writeFile(path, text)
    },
    remove: (name) => rm(join(folder, documentPaths[name])),
  }
})

suite('a folder', () => {
  test('contains only the two documents, at the paths of the issuer, readable by all users', async (t) => {
    const folder = await makeFolder(t)
    const target = await open(folder)
    await target.write('jwks', document, undefined)
    await target.write('discovery', { ...document, text: '{}' }, undefined)
    const files = await readdir(folder, { recursive: true, withFileTypes: true })
    const names = files.filter((file) => file.isFile()).map((file) => join(file.parentPath, file.name))
    assert.deepEqual(names.toSorted(), [
      join(folder, '.well-known/openid-configuration'),
      join(folder, 'openid/v1/jwks'),
    ])
    assert.equal((await stat(join(folder, 'openid/v1/jwks'))).mode & 0o444, 0o444)
  })

  for (const [what, path] of [
    ['the file', 'openid/v1/jwks'],
    ['a folder on its way', 'openid'],
  ] as const) {
    test(`is not left by a symbolic link in place of ${what}`, async (t) => {
      const [folder, elsewhere] = [await makeFolder(t), await makeFolder(t)]
      const victim = join(elsewhere, 'victim')
      await writeFile(victim, 'mine')
      await mkdir(dirname(join(folder, path)), { recursive: true })
      await symlink(what === 'the file' ? victim : elsewhere, join(folder, path))
      const target = await open(folder)
      const seen = `${join(folder, path)} is a symbolic link`
      await assert.rejects(target.read('jwks'), { code: 'PUBLISH_REFUSED', seen })
      await assert.rejects(target.write('jwks', document, undefined), { code: 'PUBLISH_REFUSED', seen })
      assert.equal(await readFile(victim, 'utf8'), 'mine')
      assert.deepEqual(await readdir(elsewhere), ['victim'])
    })
  }

  test('that another writer has locked is left unchanged, and the lock of a killed writer is removed', async (t) => {
    const folder = await makeFolder(t)
    const target = await open(folder)
    await target.write('jwks', document, undefined)
    const read = await target.read('jwks')
    const lock = join(folder, 'openid/v1/jwks.lock')
    await writeFile(lock, '')
    assert.equal(await target.write('jwks', { ...document, text: 'new' }, read?.version), 'conflict')
    await utimes(lock, new Date(), new Date(Date.now() - 120_000))
    assert.equal(await target.write('jwks', { ...document, text: 'new' }, read?.version), 'written')
    assert.deepEqual(await readdir(dirname(lock)), ['jwks'])
  })

  test('whose place is taken by a file is refused', async (t) => {
    const folder = await makeFolder(t)
    const file = join(folder, 'file')
    await writeFile(file, '')
    await assert.rejects((await open(file)).read('jwks'), { code: 'PUBLISH_REFUSED', seen: `${file} is not a folder` })
  })

  test('with a folder at the path of a document is refused', async (t) => {
    const folder = await makeFolder(t)
    await mkdir(join(folder, 'openid/v1/jwks'), { recursive: true })
    await assert.rejects((await open(folder)).read('jwks'), { code: 'PUBLISH_REFUSED' })
  })
})

test('a path that does not exist may be the name of a bucket: the error states the form of one', async (t) => {
  const missing = await open(join(await makeFolder(t), 'example-issuer'))
  await assert.rejects(missing.read('jwks'), {
    code: 'PUBLISH_TARGET_NOT_FOUND',
    expected: 'an existing folder, in which pullpass creates the documents; for a bucket, a URL: SCHEME://BUCKET/PATH',
  })
})
