/** The two sides of dist/core.mjs: it leaves out what is loaded when it is used, and all else takes its modules from it. */
import type { Plugin } from 'esbuild'
import type { CorePlan } from './plan-core.ts'
import { fromRoot, type ModuleGraph } from './read-module-graph.ts'

/** The core's own source: what the others take from it, under names that are unique there. */
export const renderCore = ({ shared }: CorePlan, { exportsOf }: ModuleGraph): string =>
  [...shared]
    .map(([module, prefix]) => {
      const names = exportsOf(module).map((name) => `${name} as ${prefix}${name}`)
      return `export { ${names.join(', ')} } from './${module}'`
    })
    .join('\n')

/** What is loaded when it is used is a file beside the one that loads it. */
export const lazyOutside = ({ lazy }: CorePlan): Plugin => ({
  name: 'lazy-outside',
  setup(bundler) {
    bundler.onResolve({ filter: /.*/ }, async ({ path, kind, resolveDir, pluginData }) => {
      if (kind !== 'dynamic-import' || pluginData === 'asked here') return undefined
      const found = await bundler.resolve(path, { kind, resolveDir, pluginData: 'asked here' })
      const name = lazy.get(path) ?? lazy.get(fromRoot(found.path))
      return name === undefined ? undefined : { path: `./${name}.mjs`, external: true }
    })
  },
})

/** What lies in the core is taken from there, so that its classes exist once. */
export const coreOutside = ({ core, shared }: CorePlan, { exportsOf }: ModuleGraph): Plugin => ({
  name: 'core-outside',
  setup(bundler) {
    bundler.onResolve({ filter: /^\.\/core\.mjs$/ }, ({ path }) => ({ path, external: true }))
    bundler.onLoad({ filter: /[\\/]src[\\/].*\.ts$/ }, ({ path }) => {
      const module = fromRoot(path)
      if (!core.has(module)) return undefined
      const names = exportsOf(module).map((name) => `${shared.get(module)}${name} as ${name}`)
      return { contents: `export { ${names.join(', ')} } from './core.mjs'`, loader: 'ts' }
    })
  },
})
