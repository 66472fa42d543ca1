import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import { findBundledNode, runWith } from '../../src/commands/bundled-node.ts'

suite('the Node that npm installs beside the package', () => {
  test('is found for this platform', { skip: process.platform === 'darwin' && 'npm has none for macOS' }, () => {
    const found = findBundledNode(process.platform, process.arch, import.meta.url)
    assert.match(found ?? '', /node_modules.node-(?:linux|win)-\w+.bin.node(?:\.exe)?$/)
  })

  test('is absent where npm has none', () => {
    assert.equal(findBundledNode('darwin', 'arm64', import.meta.url), undefined)
  })

  test('runs the same file and arguments; its exit code and its signal are reported', async () => {
    const listeners = new Map<string, () => void>()
    const current = (text: string) => ({
      argv: [process.execPath, '--eval', text],
      hasTerminal: false,
      on: (signal: string, listener: () => void) => listeners.set(signal, listener),
    })
    assert.deepEqual(await runWith(process.execPath, current('process.exit(3)')), { code: 3, signal: null })
    const waiting = runWith(process.execPath, current('setInterval(() => {}, 1000)'))
    listeners.get('SIGTERM')?.()
    assert.deepEqual(await waiting, { code: null, signal: 'SIGTERM' })
  })
})
