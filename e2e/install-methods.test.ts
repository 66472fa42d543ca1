/** Each installation method of the README, with its prerequisites. */
import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { chmod, copyFile, mkdir, readdir, readFile, writeFile } from 'node:fs/promises'
import { delimiter, dirname, join } from 'node:path'
import { test } from 'node:test'
import manifest from '../package.json' with { type: 'json' }
import { startTestSandbox, type TestSandbox } from '../test/support/start-test-sandbox.ts'
import { AbsentPart } from '../tools/real-parts/run-installer.ts'
import { findInstalledProgram, findProgram } from './parts/process/find-program.ts'
import { runProgram, runSuccessfully } from './parts/process/run-program.ts'
import { startPart } from './parts/process/start-part.ts'
import { withRealPart } from './parts/real-part.ts'
import { startRegistry } from './parts/start-registry.ts'

const root = join(import.meta.dirname, '..')
const { version } = manifest
const current = dirname(process.execPath)

/** The variables of the sandbox and PATH, without those of this process. */
const environmentOf = (sandbox: TestSandbox, path: string) => ({
  ...sandbox.environment,
  PATH: `${path}:/usr/bin:/bin`,
})

const assertRefreshes = async (sandbox: TestSandbox, command: string, args: readonly string[], path: string) => {
  const { exitCode, stdout, stderr } = await runProgram(command, [...args, 'refresh'], {
    environment: environmentOf(sandbox, path),
  })
  assert.equal(exitCode, 0, stderr)
  assert.match(stdout, /team-b\/regcred +google +created /)
}

/** The package is packed once; each installation has its own folder. */
const startPackage = () =>
  startPart('package', async ({ folder }) => {
    const pack = ['--prefix', root, 'run', 'pack', '--', '--pack-destination', folder]
    await runSuccessfully('npm', pack, { timeoutMs: 600_000 })
    const [packed = ''] = (await readdir(folder)).filter((name) => name.endsWith('.tgz'))
    const old = await findOldNode()
    const install = async (name: string, ...flags: string[]) => {
      const home = join(folder, name)
      await mkdir(home)
      const args = ['install', '--prefer-offline', '--no-audit', '--no-fund', '--prefix', home, ...flags]
      await runSuccessfully('npm', [...args, join(folder, packed)], { timeoutMs: 600_000 })
      return join(home, 'node_modules/.bin/pullpass')
    }
    return { old, folder, archive: join(folder, packed), install }
  })

/** Node 18 or 20, as in distributions; the tests run on a newer version. */
async function findOldNode(): Promise<string> {
  const folders = (process.env['PATH'] ?? '').split(delimiter).filter((folder) => !folder.includes('node_modules'))
  const node = findProgram('node', folders, 'install Node 20 in addition to the Node that runs the tests')
  const found = (await runSuccessfully(node, ['--version'])).trim()
  if (!/^v(?:18|20)\./.test(found)) throw new AbsentPart(`the Node of this machine is ${found}: install Node 20`)
  return dirname(node)
}

await withRealPart('the npm package', startPackage, ({ old, archive, folder, install }) => {
  test('on a machine with Node 20, npm install includes a newer Node, with which pullpass runs', async (t) => {
    const pullpass = await install('with-its-node')
    const run = await runProgram(pullpass, ['--version'], { environment: { PATH: `${old}:/usr/bin:/bin` } })
    assert.match(run.stdout, new RegExp(`^pullpass ${version} \\(commit `))
    await assertRefreshes(await startTestSandbox(t, { now: () => new Date() }), pullpass, [], old)
    const wrong = await runProgram(pullpass, ['refrehs'], { environment: { PATH: `${old}:/usr/bin:/bin` } })
    assert.equal(wrong.exitCode, 2) // exit codes pass through
  })

  test('on a machine with Node 20, npx runs it without installing it', async () => {
    const args = ['--yes', '--prefer-offline', '--package', archive, 'pullpass', '--version']
    const environment = { PATH: `${old}:${process.env['PATH']}`, npm_config_cache: join(folder, 'npx-cache') }
    const run = await runProgram('env', ['-u', 'npm_config_call', 'npx', ...args], { environment, timeoutMs: 600_000 })
    assert.match(run.stdout, new RegExp(`^pullpass ${version} \\(commit `), run.stderr)
  })

  test('on a machine with Node 20, a signal ends pullpass, and its exit code is kept', async () => {
    const pullpass = join(folder, 'with-its-node/node_modules/.bin/pullpass')
    const child = spawn(pullpass, ['sandbox'], {
      env: { PATH: `${old}:/usr/bin:/bin` },
      stdio: ['ignore', 'pipe', 'pipe'],
    })
    child.stderr.once('data', () => child.kill('SIGTERM')) // it prints when it is ready
    const [code] = await once(child, 'close')
    assert.equal(code, 0)
  })

  test('without the optional packages it runs with Node 24, and names the fix on Node 20', async (t) => {
    const pullpass = await install('bare', '--omit=optional')
    await assertRefreshes(await startTestSandbox(t, { now: () => new Date() }), pullpass, [], current)
    const { exitCode, stderr } = await runProgram(pullpass, ['--version'], {
      environment: { PATH: `${old}:/usr/bin:/bin` },
    })
    assert.equal(exitCode, 2)
    assert.match(
      stderr,
      /^USAGE_INVALID \(run\): this is Node\.js .*\n {2}expected Node\.js 22\.18 or newer\n {2}fix: install the package with its own Node\.js/,
    )
  })
})

await withRealPart(
  'the single file',
  () =>
    startPart('single-file', async ({ folder }) => {
      await runSuccessfully('npm', ['run', '--prefix', root, 'build:single'], { timeoutMs: 600_000 })
      await copyFile(join(root, 'release/pullpass.mjs'), join(folder, 'pullpass'))
      return { file: join(folder, 'pullpass') }
    }),
  ({ file }) => {
    test('one file, copied alone, refreshes and prints manifests on a machine with Node 24', async (t) => {
      const sandbox = await startTestSandbox(t, { now: () => new Date() })
      await assertRefreshes(sandbox, process.execPath, [file], current)
      const { stdout } = await runProgram(file, ['issuer', 'publish', '--help'], {
        environment: environmentOf(sandbox, current),
      })
      assert.match(stdout, /pullpass issuer publish/)
    })
  },
)

/** The image after a push and pull, unpacked to a root file system for runc. */
const startImage = () =>
  startPart('image', async ({ folder, use }) => {
    const [skopeo, runc] = [findInstalledProgram('skopeo', 'skopeo'), findInstalledProgram('runc', 'runc')]
    findInstalledProgram('strip', 'binutils')
    const build = ['run', '--ignore-scripts', '--prefix', root, 'image', '--', join(folder, 'image.tar')] // dist exists already
    await runSuccessfully('npm', build, { timeoutMs: 600_000 })
    const login = { username: 'oauth2accesstoken', password: 'secret' }
    const { host } = await use(startRegistry({ kind: 'basic', login }))
    const credentials = `${login.username}:${login.password}`
    const image = `docker://${host}/pullpass:1`
    const insecure = ['copy', '--insecure-policy']
    const push = ['--dest-tls-verify=false', '--dest-creds', credentials, `oci-archive:${folder}/image.tar`, image]
    await runSuccessfully(skopeo, [...insecure, ...push])
    const pull = ['--src-tls-verify=false', '--src-creds', credentials, image, `dir:${folder}/pulled`]
    await runSuccessfully(skopeo, [...insecure, ...pull])
    const { config, layers } = JSON.parse(await readFile(join(folder, 'pulled/manifest.json'), 'utf8'))
    const blob = ({ digest }: { digest: string }) => join(folder, 'pulled', digest.replace('sha256:', ''))
    const { config: started } = JSON.parse(await readFile(blob(config), 'utf8'))
    await mkdir(join(folder, 'rootfs'))
    for (const layer of layers) await runSuccessfully('tar', ['-xzf', blob(layer), '-C', join(folder, 'rootfs')])
    return { folder, runc, started }
  })

await withRealPart('the image', startImage, ({ folder, runc, started }) => {
  test('built without a daemon, pushed and pulled, it refreshes as user 65532 on a read-only root', async (t) => {
    const sandbox = await startTestSandbox(t, { now: () => new Date() })
    await makeReadable(sandbox.folder.path)
    await runSuccessfully(runc, ['spec', '--bundle', folder])
    const spec = JSON.parse(await readFile(join(folder, 'config.json'), 'utf8'))
    const [uid, gid] = started.User.split(':').map(Number)
    spec.process = { ...spec.process, terminal: false, user: { uid, gid }, args: [...started.Entrypoint, 'refresh'] }
    spec.process.env = [
      ...started.Env,
      ...Object.entries(sandbox.environment).map(([name, value]) => `${name}=${value}`),
    ]
    spec.root = { path: 'rootfs', readonly: true }
    spec.linux.namespaces = spec.linux.namespaces.filter(({ type }: { type: string }) => type !== 'network')
    const { path } = sandbox.folder
    spec.mounts.push({ destination: path, source: path, type: 'bind', options: ['rbind', 'ro'] })
    await mkdir(join(folder, 'rootfs', path), { recursive: true }) // runc cannot create it on a read-only root
    await writeFile(join(folder, 'config.json'), JSON.stringify(spec))
    const { exitCode, stdout, stderr } = await runProgram(runc, ['run', '--bundle', folder, `pullpass-${process.pid}`])
    assert.equal(exitCode, 0, stderr)
    assert.match(stdout, /team-b\/regcred +google +created /)
    assert.equal(uid, 65532)
  })
})

/** The files of the sandbox are readable only by its user; the container has another user. */
async function makeReadable(path: string): Promise<void> {
  await chmod(path, 0o755)
  for (const name of await readdir(path)) await chmod(join(path, name), 0o644)
}
