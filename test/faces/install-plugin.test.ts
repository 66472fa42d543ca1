import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { mkdir, mkdtemp, readdir, rm, stat, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { suite, type TestContext, test } from 'node:test'
import { promisify } from 'node:util'
import { installPlugin } from '../../src/faces/install-plugin.ts'

const execute = promisify(execFile)
const onLinux = { skip: process.platform !== 'linux' && 'nodes run Linux' }

async function prepare(t: TestContext) {
  const folder = await mkdtemp(join(tmpdir(), 'pullpass-plugin-'))
  t.after(() => rm(folder, { recursive: true }))
  const [config, program, to] = ['config', 'program', 'node'].map((name) => join(folder, name)) as [
    string,
    string,
    string,
  ]
  await mkdir(config)
  await mkdir(program)
  await writeFile(join(program, 'credential-provider.mjs'), 'console.log(process.argv.slice(2).join(" "))\n')
  await writeFile(join(config, 'kubelet.yaml'), 'kind: CredentialProviderConfig\n')
  await writeFile(join(config, 'pullpass-google.json'), '{}\n')
  return {
    config,
    program,
    to,
    install: () => installPlugin({ config, program, to, nodePath: to, node: process.execPath }),
  }
}

suite('the installation of the plugin on a node', onLinux, () => {
  test('starts the program with its own libraries, and a second run changes nothing', async (t) => {
    const { to, install } = await prepare(t)
    const written = await install()
    assert.match(written[0] ?? '', /^programs\/[0-9a-f]{16}$/)
    assert.deepEqual(written.slice(1), ['etc/kubelet.yaml', 'etc/pullpass-google.json', 'bin/pullpass-google'])
    const { stdout } = await execute(join(to, 'bin/pullpass-google'), ['--config', 'a b'], { env: {} })
    assert.equal(stdout, '--config a b\n')
    assert.equal((await stat(join(to, 'bin/pullpass-google'))).mode & 0o777, 0o755)
    assert.deepEqual(await install(), [])
  })

  test('replaces what has changed, and removes what the configuration no longer names', async (t) => {
    const { config, program, to, install } = await prepare(t)
    const [first = ''] = await install()
    await writeFile(join(program, 'credential-provider.mjs'), 'console.log("of the next version")\n')
    await writeFile(join(config, 'pullpass-ecr.json'), '{}\n')
    await rm(join(config, 'pullpass-google.json'))
    const [second] = await install()
    assert.notEqual(second, first)
    assert.deepEqual(await readdir(join(to, 'bin')), ['pullpass-ecr'])
    const { stdout } = await execute(join(to, 'bin/pullpass-ecr'), [], { env: {} })
    assert.equal(stdout, 'of the next version\n')
    assert.equal((await readdir(join(to, 'programs'))).length, 2, 'a process of the first version can still run')
    await install()
    assert.deepEqual(await readdir(join(to, 'programs')), [second?.replace('programs/', '')])
  })
})
