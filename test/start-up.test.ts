import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { join } from 'node:path/posix'
import { suite, test } from 'node:test'

const inPod = [
  'src/cli.ts',
  'src/commands/run/program.ts',
  'src/commands/refresh.ts',
  'src/vendors/vendors.ts',
  'src/vendors/gcp/variables.ts',
  'src/vendors/gcp/exchange.ts',
  'src/kubernetes/connection/http1-connection.ts', // enough for one Secret
]
const commands = [...read('src/commands/commands.ts').matchAll(/import\('(.+?)'\)/g)].map(([, path = '']) =>
  join('src/commands', path),
)

suite('start-up', () => {
  test('the version of Node is checked before modules are loaded that an older version lacks', () => {
    const loaded = [...loadedWith(['src/cli.ts'])].filter((name) => !name.startsWith('node:'))
    assert.deepEqual(loaded, ['src/cli.ts', 'src/host/check-node.ts', 'src/host/sleep.ts'])
  })

  test('a refresh in a pod, from the environment, loads no package', () => {
    assert.deepEqual(packagesOf(inPod), [])
  })

  test('a refresh in a pod loads no slow module of Node that one Secret does not need', () => {
    const slow = ['node:http2', 'node:util', 'node:fs/promises', 'node:net', 'node:stream', 'node:child_process']
    const loaded = loadedWith(inPod)
    assert.deepEqual(
      slow.filter((name) => loaded.has(name)),
      [],
    )
  })

  test('a refresh by a kubeconfig written as JSON loads no package', () => {
    assert.deepEqual(packagesOf([...inPod, 'src/kubernetes/kubeconfig/access.ts']), [])
  })

  test('a document in a file loads the schema library, and no other package', () => {
    assert.deepEqual(packagesOf([...inPod, 'src/document/read-documents.ts']), ['zod/mini'])
  })

  test('a refresh loads no other command', () => {
    const loaded = loadedWith(inPod)
    const others = [...loaded].filter((file) =>
      /^src\/(commands\/(?!run\/|command-line\/|refresh\/).+\/|manifests\/)/.test(file),
    )
    assert.deepEqual([...commands.filter((command) => loaded.has(command)), ...others], ['src/commands/refresh.ts'])
  })

  test('a refresh loads the codes of errors, and not their explanations', () => {
    const loaded = [...loadedWith(inPod)].filter((file) => file.startsWith('src/errors/'))
    assert.deepEqual(loaded.toSorted(), ['src/errors/codes.ts', 'src/errors/pullpass-error.ts'])
  })

  test('a refresh without a document file does not load the schema', () => {
    assert.ok(loadedWith(inPod).has('src/document/load-documents.ts'))
    const schemas = [...loadedWith(inPod)].filter((file) => /schema/.test(file))
    assert.deepEqual(schemas, [])
  })

  test('the help loads no command, and the version only its own', () => {
    const called = (files: readonly string[]) => commands.filter((command) => loadedWith(files).has(command))
    const help = ['src/cli.ts', 'src/commands/run/run.ts']
    assert.deepEqual(called(help), [])
    assert.deepEqual(called([...help, 'src/commands/version.ts']), ['src/commands/version.ts'])
  })
})

function packagesOf(entries: readonly string[]): string[] {
  return [...loadedWith(entries)].filter((name) => !/^(?:src\/|node:)|\.json$/.test(name))
}

/** These files and their static imports. */
function loadedWith(entries: readonly string[]): Set<string> {
  const loaded = new Set<string>()
  const load = (name: string) => {
    if (loaded.has(name)) return
    loaded.add(name)
    if (name.endsWith('.ts')) importsOf(name).forEach(load)
  }
  entries.forEach(load)
  return loaded
}

/** Types are erased, and `import()` is lazy. */
function importsOf(file: string): string[] {
  const named = read(file).matchAll(/^(?:import|export)\s(?!type\s)(?:[^'=;()]*?\sfrom\s)?'([^']+)'/gm)
  return [...named].map(([, path = '']) => (path.startsWith('.') ? join(file, '..', path) : path))
}

function read(file: string): string {
  return readFileSync(join(import.meta.dirname, '..', file), 'utf8')
}
