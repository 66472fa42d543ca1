/**
 * Node's own modules by `process.getBuiltinModule`, not by `import`: an import touches every export, and with them parts
 * that load when they are first touched. https://nodejs.org/api/process.html#processgetbuiltinmoduleid
 */
import { readFile } from 'node:fs/promises'
import type { Plugin } from 'esbuild'

const ours = /[\\/]src[\\/].*\.ts$/
const awaitedImport = /await import\('(node:[^']+)'\)/g

export const builtinsByCall: Plugin = {
  name: 'builtins-by-call',
  setup(bundler) {
    bundler.onResolve({ filter: /^node:/ }, ({ path, importer }) =>
      ours.test(importer) ? { path, namespace: 'builtin', sideEffects: false } : undefined,
    )
    bundler.onLoad({ filter: /.*/, namespace: 'builtin' }, async ({ path }) => ({
      contents: await renderBuiltin(path),
    }))
    bundler.onLoad({ filter: ours }, async ({ path }) => ({
      contents: (await readFile(path, 'utf8')).replaceAll(awaitedImport, "process.getBuiltinModule('$1')"),
      loader: 'ts',
    }))
  },
}

/** What nobody uses of it is dropped from the bundle, and so never touched. */
async function renderBuiltin(path: string): Promise<string> {
  const names = Object.keys(await import(path)).filter((name) => /^\w+$/.test(name) && name !== 'default')
  return [
    `const builtin = process.getBuiltinModule('${path}')`,
    'const part = (name) => builtin[name]',
    'export default builtin',
    ...names.map((name) => `export const ${name} = /* @__PURE__ */ part('${name}')`),
  ].join('\n')
}
