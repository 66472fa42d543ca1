/** The npm package: packed, installed from the archive, and run by its command name. */
import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { basename, dirname, join } from 'node:path'
import { after, suite, type TestContext, test } from 'node:test'
import { promisify } from 'node:util'
import { parse } from 'yaml'
import { startTestSandbox, type TestSandbox } from '../test/support/start-test-sandbox.ts'
import { startTunnelProxy } from '../test/support/tunnel-proxy.ts'

const execute = promisify(execFile)
const root = join(import.meta.dirname, '..')
const folder = await mkdtemp(join(tmpdir(), 'pullpass-dist-'))
after(() => rm(folder, { recursive: true }))
const installed = await packAndInstall()
const path = `${dirname(process.execPath)}:/usr/bin:/bin`

async function packAndInstall(): Promise<string> {
  await execute('npm', ['run', 'pack', '--', '--pack-destination', folder], { cwd: root })
  const [packed = ''] = await readdir(folder)
  const home = join(folder, 'home')
  await mkdir(home)
  await execute('npm', [
    'install',
    '--offline',
    '--omit=optional',
    '--no-audit',
    '--no-fund',
    '--prefix',
    home,
    join(folder, packed),
  ])
  return join(home, 'node_modules')
}

/** Rejects unless it exits with 0. */
const pullpass = async (args: readonly string[], environment: Readonly<Record<string, string>> = {}) =>
  await execute(join(installed, '.bin/pullpass'), args, { env: { ...environment, PATH: path } })

const startInstalled = (t: TestContext): Promise<TestSandbox> => startTestSandbox(t, { now: () => new Date() })

const kubeconfigOf = ({ folder: { kubeconfigFile } }: TestSandbox) => readFile(kubeconfigFile, 'utf8')

const documentFor = ({ gcp: { provider } }: TestSandbox) => `
apiVersion: pullpass.dev/v1alpha1
kind: ClusterPullSecret
metadata: {name: regcred}
spec:
  namespaces: {include: [default, "team-*"]}
  registries:
    - name: google
      hosts: [europe-docker.pkg.dev]
      gcp: {workloadIdentityProvider: ${provider}, serviceAccountEmail: puller@example-project.iam.gserviceaccount.com}
`

suite('the package', () => {
  test('contains only the files that users need', async () => {
    const files = await readdir(join(installed, 'pullpass'), { recursive: true })
    const others = files.filter((file) => !/^(?:[a-z0-9-]+\.mjs|credential-provider\/[a-z0-9-]+\.cjs)$/.test(file))
    const expected = ['LICENSE', 'LICENSES.txt', 'README.md', 'credential-provider', 'package.json', 'sbom.cdx.json']
    assert.deepEqual(others.toSorted(), expected)
    assert.deepEqual(await readdir(installed), ['.bin', '.package-lock.json', 'pullpass']) // no dependencies
  })

  test('contains the licence text and the bill of materials of every package in the bundle', async () => {
    const licenses = await readFile(join(installed, 'pullpass/LICENSES.txt'), 'utf8')
    const bill: { components: { name: string; version: string; hashes: unknown[] }[] } = JSON.parse(
      await readFile(join(installed, 'pullpass/sbom.cdx.json'), 'utf8'),
    )
    assert.match(licenses, /^==> @kubernetes\/client-node \S+: Apache-2\.0\n\n +Apache License\n/m)
    assert.match(licenses, /^==> yaml \S+: ISC\n\nCopyright /m)
    assert.match(licenses, /^==> data-uri-to-buffer \S+: MIT\n\n\(The MIT License\)\n\nCopyright /m)
    // Every licence text contains this warranty disclaimer.
    const sections = licenses.split(/^==> /m).slice(1)
    assert.deepEqual(
      sections.filter((text) => !/AS[- ]IS/i.test(text)),
      [],
    )
    const licensed = sections.map((text) => text.slice(0, text.indexOf(':')))
    const listed = bill.components.map(({ name, version }) => `${name} ${version}`)
    assert.deepEqual(
      licensed.filter((one) => !listed.includes(one)),
      [],
    )
    assert.ok(licensed.length > 100)
    assert.ok(bill.components.every(({ hashes }) => hashes.length > 0))
  })

  test('is not called private or unbuilt by its bill of materials', async () => {
    const { metadata } = JSON.parse(await readFile(join(installed, 'pullpass/sbom.cdx.json'), 'utf8'))
    assert.deepEqual([metadata.component.name, metadata.component.properties], ['pullpass', []])
    assert.deepEqual(Object.keys(metadata), ['tools', 'component'])
  })

  test('prints its version, also as a kubectl plugin', async () => {
    const { version } = JSON.parse(await readFile(join(root, 'package.json'), 'utf8'))
    const asPlugin = await execute(join(installed, '.bin/kubectl-pullpass'), ['--version'], { env: { PATH: path } })
    const { stdout: head } = await execute('git', ['rev-parse', 'HEAD'], { cwd: root })
    const expected = `pullpass ${version} (commit ${head.trim().slice(0, 12)}, Node.js ${process.versions.node})\n`
    assert.equal((await pullpass(['--version'])).stdout, expected)
    assert.equal(asPlugin.stdout, expected)
  })

  test('refreshes by the drop-in variables', async (t) => {
    const sandbox = await startInstalled(t)
    const { stdout } = await pullpass(['refresh'], sandbox.environment)
    assert.match(stdout, /team-b\/regcred +google +created /)
  })

  test('refreshes by a document in YAML, and prints YAML', async (t) => {
    const sandbox = await startInstalled(t)
    const file = await sandbox.write('document.yaml', documentFor(sandbox))
    const { stdout } = await pullpass(['refresh', '-f', file, '-o', 'yaml'], sandbox.environment)
    assert.match(stdout, /team-a/)
    assert.equal(typeof parse(stdout), 'object')
  })

  test('inspects a token and a pull secret', async (t) => {
    const sandbox = await startInstalled(t)
    await pullpass(['refresh'], sandbox.environment)
    const token = await pullpass(['inspect', sandbox.folder.tokenFile], sandbox.environment)
    const secret = await pullpass(['inspect', 'secret', 'team-a/regcred'], sandbox.environment)
    assert.match(token.stdout, /^subject +system:serviceaccount:image-system:pullpass$/m)
    assert.match(secret.stdout, /^managed by +pullpass:ClusterPullSecret:regcred$/m)
  })

  test('prints the manifests of a document', async (t) => {
    const sandbox = await startInstalled(t)
    const file = await sandbox.write('document.yaml', documentFor(sandbox))
    const { stdout } = await pullpass(['manifests', '-f', file, '--image', 'pullpass:1'])
    assert.match(stdout, /^kind: CronJob$/m)
  })

  test('runs the exec plugin of a kubeconfig', async (t) => {
    const sandbox = await startInstalled(t)
    const kubeconfig = await kubeconfigOf(sandbox)
    const token = /token: (\S+)/.exec(kubeconfig)?.[1]
    const response = { apiVersion: 'client.authentication.k8s.io/v1', kind: 'ExecCredential', status: { token } }
    const credential = await sandbox.write('credential.json', JSON.stringify(response))
    const exec = `{apiVersion: ${response.apiVersion}, command: cat, args: ["${credential}"], interactiveMode: Never}`
    const file = await sandbox.write('by-program', kubeconfig.replace(/token: .*/, `exec: ${exec}`))
    const { stdout } = await pullpass(['refresh', '--kubeconfig', file], sandbox.environment)
    assert.match(stdout, /team-b\/regcred +google +created /)
  })

  test('uses the proxy of a kubeconfig with the Kubernetes client', async (t) => {
    const sandbox = await startInstalled(t)
    const proxy = await startTunnelProxy(t)
    const kubeconfig = (await kubeconfigOf(sandbox)).replace(/( +)server: .*/, `$&\n$1proxy-url: ${proxy.url}`)
    const file = await sandbox.write('by-proxy', kubeconfig)
    const { stdout } = await pullpass(['refresh', '--kubeconfig', file], sandbox.environment)
    assert.match(stdout, /team-b\/regcred +google +created /)
    assert.ok(proxy.tunnels.length > 0)
  })

  test('runs a sandbox, until it is stopped', async () => {
    const running = execute(join(installed, '.bin/pullpass'), ['sandbox'], { env: { PATH: path } })
    running.child.stderr?.once('data', () => running.child.kill('SIGTERM')) // it prints when it is ready
    assert.match((await running).stdout, /^export KUBECONFIG='/m)
  })

  test('loads no package for a refresh by variables and a kubeconfig in JSON', async (t) => {
    const sandbox = await startInstalled(t)
    const { PULLPASS_CA_FILE: _, ...environment } = sandbox.environment // NODE_EXTRA_CA_CERTS names it too
    const kubeconfig = await sandbox.write('in-json', JSON.stringify(parse(await kubeconfigOf(sandbox))))
    const hook = `import { registerHooks } from 'node:module'
      registerHooks({ load(url, context, next) { process.stderr.write(url + '\\n'); return next(url, context) } })`
    await writeFile(join(folder, 'report-loads.mjs'), hook)
    const { stderr } = await pullpass(['refresh', '--kubeconfig', kubeconfig], {
      ...environment,
      NODE_OPTIONS: `--import=${join(folder, 'report-loads.mjs')}`,
    })
    const loaded = stderr.split('\n').filter((url) => url.startsWith('file:'))
    const names = loaded.map((url) => basename(url).replace(/\d+(?=\.mjs$)/, '')) // numbered where names repeat
    assert.deepEqual(names.toSorted(), [
      'access.mjs',
      'check-node.mjs',
      'core.mjs', // this one and start have content; the others name a part of them
      'exchange.mjs',
      'http2-connection.mjs',
      'program.mjs',
      'pullpass.mjs',
      'refresh.mjs',
      'start.mjs',
      'variables.mjs',
    ])
  })
})
