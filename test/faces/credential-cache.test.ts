import assert from 'node:assert/strict'
import { chmod, chown, mkdir, readdir, readFile, stat, symlink, utimes, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { suite, test } from 'node:test'
import { withoutTimeLimits } from '../support/run-pullpass.ts'
import { startNode } from './start-node.ts'

suite('the cache of a node', { concurrency: 4 }, () => {
  test('is readable only by its user, and contains no token', async (t) => {
    const { cacheFolder, request, provide } = await startNode(t)
    const input = await request()
    await provide(input)
    const [name = ''] = await readdir(cacheFolder)
    assert.equal((await stat(cacheFolder)).mode & 0o777, 0o700)
    assert.equal((await stat(join(cacheFolder, name))).mode & 0o777, 0o600)
    assert.equal((await readdir(cacheFolder)).length, 1)
    const { serviceAccountToken } = JSON.parse(input)
    assert.equal((await readFile(join(cacheFolder, name), 'utf8')).includes(serviceAccountToken.slice(-40)), false)
  })

  const unusable: Readonly<Record<string, (folder: string, elsewhere: string) => Promise<unknown>>> = {
    'accessible to other users': async (folder) => {
      await mkdir(folder)
      await chmod(folder, 0o755)
    },
    'a symbolic link': async (folder, elsewhere) => {
      await mkdir(elsewhere, { mode: 0o700 })
      await symlink(elsewhere, folder)
    },
    'a file': (folder) => writeFile(folder, ''),
    // Only root can give a folder to another user.
    ...(process.getuid?.() === 0 && {
      'of another user': async (folder) => {
        await mkdir(folder, { mode: 0o700 })
        await chown(folder, 65_534, 65_534)
      },
    }),
  }
  for (const [name, prepare] of Object.entries(unusable)) {
    test(`is not used when its folder is ${name}: a warning, and an exchange for each request`, async (t) => {
      const { sandbox, cacheFolder, request, provide, exchanges } = await startNode(t)
      const elsewhere = join(sandbox.folder.path, 'elsewhere')
      await prepare(cacheFolder, elsewhere)
      for (let run = 1; run <= 2; run++) {
        const { exitCode, stderr } = await provide(await request())
        assert.equal(exitCode, 0)
        assert.match(stderr, /warn the cache is not used folder=/)
        assert.equal(exchanges(), run)
      }
      assert.deepEqual(await readdir(elsewhere).catch(() => []), [])
    })
  }

  test('an entry that is damaged, or of another identity, is replaced', async (t) => {
    const { cacheFolder, request, provide, exchanges } = await startNode(t)
    const input = await request()
    await provide(input)
    const [name = ''] = await readdir(cacheFolder)
    const path = join(cacheFolder, name)
    const entry = JSON.parse(await readFile(path, 'utf8'))
    const damaged = [
      '',
      '{"identity"',
      JSON.stringify({ ...entry, identity: 'of another account' }),
      JSON.stringify({ ...entry, usableUntil: '9999-01-01T00:00:00Z' }),
      JSON.stringify({ ...entry, password: 7 }),
    ]
    for (const [index, text] of damaged.entries()) {
      await writeFile(path, text)
      const { exitCode, stderr } = await provide(input)
      assert.equal(exitCode, 0, stderr)
      assert.equal(exchanges(), index + 2)
    }
  })

  test('entries that nothing can use any more are removed when another one is written', async (t) => {
    const { cacheFolder, request, provide } = await startNode(t)
    await mkdir(cacheFolder, { mode: 0o700 })
    const [old, recent] = [join(cacheFolder, '0123456789abcdef'), join(cacheFolder, '0123456789abcdee')]
    for (const path of [old, recent]) await writeFile(path, '{}', { mode: 0o600 })
    const before = new Date(Date.now() - 14 * 3_600_000)
    await utimes(old, before, before)
    await provide(await request())
    const names = await readdir(cacheFolder)
    assert.equal(names.includes('0123456789abcdef'), false)
    assert.equal(names.includes('0123456789abcdee'), true)
  })

  test('old files of other names remain, and what killed processes left is removed', async (t) => {
    const { cacheFolder, request, provide } = await startNode(t)
    await mkdir(cacheFolder, { mode: 0o700 })
    const others = ['id_rsa', '0123456789abcdef.json', '0123456789ABCDEF', '0123456789abcdef0']
    const own = ['0123456789abcdef.lock', '0123456789abcdef.17-1234567', '0123456789abcdef.lock.17-1234567']
    const before = new Date(Date.now() - 14 * 3_600_000)
    for (const path of [...others, ...own].map((name) => join(cacheFolder, name))) {
      await writeFile(path, '', { mode: 0o600 })
      await utimes(path, before, before)
    }
    await provide(await request())
    const names = await readdir(cacheFolder)
    assert.deepEqual(
      [...others, ...own].filter((name) => names.includes(name)),
      others,
    )
  })

  test('a request that is over its time leaves no lock', async (t) => {
    const { sandbox, cacheFolder, request, provide } = await startNode(t)
    sandbox.gcp.parts.sts.faults.inject({ kind: 'stall', at: 'request' })
    const sleep = async (ms: number) => {
      if (ms !== 45_000) return await withoutTimeLimits(ms)
      await sandbox.gcp.parts.sts.whenSeen()
    }
    await provide(await request(), { sleep })
    assert.deepEqual(await readdir(cacheFolder), [])
  })

  test('a lock of a process that was killed prevents nothing and is removed', async (t) => {
    const { cacheFolder, request, provide, exchanges } = await startNode(t)
    const input = await request()
    await provide(input)
    const [name = ''] = await readdir(cacheFolder)
    await writeFile(join(cacheFolder, name), '')
    await writeFile(join(cacheFolder, `${name}.lock`), '')
    const before = new Date(Date.now() - 120_000)
    await utimes(join(cacheFolder, `${name}.lock`), before, before)
    const { exitCode } = await provide(input)
    assert.equal(exitCode, 0)
    assert.equal(exchanges(), 2)
    assert.deepEqual(await readdir(cacheFolder), [name])
  })
})
