import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import { loadedWith, type ModuleGraph, readModuleGraph } from '../tools/build/read-module-graph.ts'

const graph = await readModuleGraph(['src/cli.ts'])
const inPod = [
  'src/cli.ts',
  'src/commands/refresh.ts',
  'src/providers/gcp.ts',
  'src/kubernetes/http2-line.ts', // what kube-apiserver offers
]

suite('start-up', () => {
  test('a refresh in a pod, from the environment, loads no package', () => {
    assert.deepEqual(packagesOf(graph, inPod), [])
  })

  test('a refresh by a kubeconfig written as JSON loads no package', () => {
    assert.deepEqual(packagesOf(graph, [...inPod, 'src/kubernetes/kubeconfig-access.ts']), [])
  })

  test('a refresh loads no other command', () => {
    const commands = dynamicImports(graph, 'src/commands/commands.ts')
    const loaded = loadedWith(graph, inPod)
    assert.deepEqual(
      commands.filter((command) => loaded.has(command)),
      ['src/commands/refresh.ts'],
    )
    assert.deepEqual(
      [...loaded].filter((module) => /^src\/commands\/.+\//.test(module) || module.startsWith('src/manifests/')),
      [],
    )
  })

  test('whoever has no document in a file does not load their schema', () => {
    assert.deepEqual(
      [...loadedWith(graph, inPod)].filter((module) => /schema/.test(module)),
      [],
    )
  })

  test('the version and the help load no command', () => {
    const loaded = loadedWith(graph, ['src/cli.ts', 'src/commands/version.ts'])
    assert.deepEqual(
      dynamicImports(graph, 'src/commands/commands.ts').filter((command) => loaded.has(command)),
      [],
    )
  })
})

function packagesOf({ importsOf, modules }: ModuleGraph, entries: readonly string[]): string[] {
  const imports = [...loadedWith(graph, entries)].flatMap(importsOf).filter(({ kind }) => kind === 'static')
  return imports.map(({ path }) => path).filter((path) => !modules.includes(path) && !path.startsWith('node:'))
}

function dynamicImports({ importsOf }: ModuleGraph, module: string): string[] {
  const imports = importsOf(module).filter(({ kind }) => kind === 'dynamic')
  assert.notDeepEqual(imports, [], `${module} loads nothing when it is used`)
  return imports.map(({ path }) => path)
}
