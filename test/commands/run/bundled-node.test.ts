import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { suite, test } from 'node:test'
import { fileURLToPath } from 'node:url'
import { findBundledNode, runWith } from '../../../src/commands/run/bundled-node.ts'
import { compileCache } from '../../support/spawn-pullpass.ts'

suite('the Node that npm installs with the package', () => {
  test('is found for this platform', { skip: process.platform === 'darwin' && 'npm has none for macOS' }, () => {
    const found = findBundledNode(process.platform, process.arch, import.meta.url)
    assert.match(found ?? '', /node_modules.node-(?:linux|win)-\w+.bin.node(?:\.exe)?$/)
  })

  test('is absent where npm has none', () => {
    assert.equal(findBundledNode('darwin', 'arm64', import.meta.url), undefined)
  })

  const listeners = new Map<string, () => void>()
  const evaluate = (text: string) => ({
    argv: [process.execPath, '--eval', text],
    on: (signal: string, listener: () => void) => listeners.set(signal, listener),
  })

  test('runs the same file and arguments; its exit code and its signal are reported', async () => {
    assert.deepEqual(await runWith(process.execPath, evaluate('process.exit(3)')), { code: 3, signal: null })
    const waiting = runWith(process.execPath, evaluate('setInterval(() => {}, 1000)'))
    listeners.get('SIGHUP')?.()
    assert.deepEqual(await waiting, { code: null, signal: 'SIGHUP' })
  })

  test('SIGINT and SIGTERM are forwarded as messages, also before the program listens and after it has ended', async () => {
    for (const signal of ['SIGINT', 'SIGTERM']) {
      const waiting = runWith(
        process.execPath,
        evaluate(`process.on('message', (m) => process.exit(m === '${signal}' ? 4 : 5))`),
      )
      listeners.get(signal)?.()
      assert.deepEqual(await waiting, { code: 4, signal: null })
      listeners.get(signal)?.()
    }
  })

  for (const signal of ['SIGINT', 'SIGTERM'] as const) {
    test(`${signal} to the process group, which reaches pullpass twice, is one request to end`, async () => {
      const child = spawn(process.execPath, ['--input-type=module', '--eval', wrapper], {
        detached: true, // a process group of its own
        env: compileCache,
        stdio: ['ignore', 'pipe', 'ignore'],
      })
      await once(child.stdout, 'data') // the sandbox runs
      assert.ok(child.pid)
      process.kill(-child.pid, signal)
      const [code] = await once(child, 'close')
      assert.equal(code, 0)
    })
  }
})

const urlOf = (file: string) => new URL(`../../../src/${file}`, import.meta.url)

/** Runs what cli.ts runs on an older Node, on this Node. */
const wrapper = `
  import { runWith } from ${JSON.stringify(urlOf('commands/run/bundled-node.ts').href)}
  const argv = [process.execPath, ${JSON.stringify(fileURLToPath(urlOf('cli.ts')))}, 'sandbox']
  const { code } = await runWith(process.execPath, { argv, on: process.on.bind(process) })
  process.exit(code ?? 99)
`
