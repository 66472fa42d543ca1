import assert from 'node:assert/strict'
import { chmod, chown, mkdir, readdir, readFile, rm, stat, symlink, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { suite, test } from 'node:test'
import { preparePlugin } from './prepare-plugin.ts'

const onLinux = { skip: process.platform !== 'linux' && 'nodes run Linux' }

suite('the installation of the plugin on a node', onLinux, () => {
  test('writes the program, scripts and configuration, and a second run changes nothing', async (t) => {
    const { to, install } = await preparePlugin(t)
    const written = await install()
    assert.match(written[0] ?? '', /^programs\/[0-9a-f]{16}$/)
    assert.deepEqual(written.slice(1), ['bin/pullpass-1a2b3c4d', 'etc/pullpass-1a2b3c4d.json', 'etc/kubelet.yaml'])
    assert.equal((await stat(join(to, 'bin/pullpass-1a2b3c4d'))).mode & 0o777, 0o755)
    assert.deepEqual(await install(), [])
  })

  test('a later version replaces the program; scripts of earlier providers start it too', async (t) => {
    const { config, program, to, install } = await preparePlugin(t)
    const [first = ''] = await install()
    await writeFile(
      join(program, 'credential-provider/credential-provider.cjs'),
      'console.log("of the next version")\n',
    )
    await writeFile(join(config, 'pullpass-5e6f7a8b.json'), '{}\n')
    await rm(join(config, 'pullpass-1a2b3c4d.json'))
    const [second = ''] = await install()
    assert.notEqual(second, first)
    assert.deepEqual(await readdir(join(to, 'bin')), ['pullpass-1a2b3c4d', 'pullpass-5e6f7a8b'])
    for (const name of await readdir(join(to, 'bin'))) {
      const script = await readFile(join(to, 'bin', name), 'utf8')
      assert.ok(script.includes(`${to}/${second}/`) && !script.includes(first), script)
    }
    assert.equal((await readdir(join(to, 'programs'))).length, 2, 'a process of the first version can still run')
    await install()
    assert.deepEqual(await readdir(join(to, 'programs')), [second.replace('programs/', '')])
  })

  test('files of others in the folder remain', async (t) => {
    const { to, install } = await preparePlugin(t)
    await mkdir(join(to, 'bin'), { recursive: true })
    await writeFile(join(to, 'bin/kubelet'), 'of the node')
    await install()
    await install()
    assert.deepEqual(await readdir(join(to, 'bin')), ['kubelet', 'pullpass-1a2b3c4d'])
    assert.equal(await readFile(join(to, 'bin/kubelet'), 'utf8'), 'of the node')
  })

  test('what is damaged is installed again', async (t) => {
    const { to, install } = await preparePlugin(t)
    const [program = ''] = await install()
    await writeFile(join(to, program, 'pullpass/credential-provider.cjs'), '')
    assert.deepEqual(await install(), [program])
    await chmod(join(to, 'bin/pullpass-1a2b3c4d'), 0o600)
    assert.deepEqual(await install(), ['bin/pullpass-1a2b3c4d'])
    assert.deepEqual(await install(), [])
  })

  test('a provider of kubelet.yaml without its configuration is refused: the kubelet would not start', async (t) => {
    const { config, to, install } = await preparePlugin(t)
    await writeFile(join(config, 'kubelet.yaml'), 'providers:\n  - name: pullpass-5e6f7a8b\n')
    await assert.rejects(
      install(),
      /kubelet\.yaml names pullpass-5e6f7a8b, and pullpass-5e6f7a8b\.json does not exist$/,
    )
    assert.deepEqual(await readdir(join(to, 'etc')), [])
  })

  const unsafeParents: Readonly<Record<string, (parent: string) => Promise<unknown>>> = {
    'may be written by other users': (parent) => chmod(parent, 0o777),
    'may be written by its group': (parent) => chmod(parent, 0o775),
    ...(process.getuid?.() === 0 && { 'belongs to another user': (parent) => chown(parent, 65_534, 65_534) }),
  }
  for (const [name, change] of Object.entries(unsafeParents)) {
    for (const by of ['path', 'symbolic link'] as const) {
      test(`a parent that ${name} is refused, by its ${by}: its folders can be replaced`, async (t) => {
        const { to: parent, install } = await preparePlugin(t)
        await mkdir(join(parent, 'other/pullpass'), { recursive: true })
        await symlink(join(parent, 'other'), join(parent, 'link'))
        await change(join(parent, 'other'))
        const to = join(parent, by === 'path' ? 'other' : 'link', 'pullpass')
        await assert.rejects(install(to), /other (?:can be written by other users|belongs to user 65534)$/)
        assert.deepEqual(await readdir(join(parent, 'other/pullpass')), [])
      })
    }
  }

  test('a link of the administrator is followed to folders that only root may write', async (t) => {
    const { to: parent, install } = await preparePlugin(t)
    await mkdir(join(parent, 'var/opt'), { recursive: true })
    await symlink('var/opt', join(parent, 'opt'))
    await install(join(parent, 'opt/pullpass'))
    assert.deepEqual(await readdir(join(parent, 'var/opt/pullpass')), ['bin', 'etc', 'programs'])
  })

  for (const nodePath of ["/opt/x'; touch pwned; '", '/opt/$(id)', '/opt/a b', 'opt/x', '/opt/x\n', '']) {
    test(`a path that a shell would interpret is refused: ${JSON.stringify(nodePath)}`, async (t) => {
      const { to, install } = await preparePlugin(t)
      await assert.rejects(install(to, nodePath), /the path of the folder on the node has other characters/)
      await assert.rejects(stat(to), { code: 'ENOENT' })
    })
  }

  test('a folder that other users may write is refused: root starts what is in it', async (t) => {
    const { to, install } = await preparePlugin(t)
    await mkdir(join(to, 'bin'), { recursive: true })
    await chmod(join(to, 'bin'), 0o777)
    await assert.rejects(install(), /bin can be written by other users$/)
    await chmod(join(to, 'bin'), 0o755)
    await symlink('/tmp', join(to, 'etc'))
    await assert.rejects(install(), /etc (?:can be written by other users|is not a folder)$/)
    if (process.getuid?.() !== 0) return // only root can give a folder to another user
    await chown(join(to, 'bin'), 65_534, 65_534)
    await assert.rejects(install(), /bin belongs to user 65534$/)
  })
})
