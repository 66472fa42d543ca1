/**
 * What every short command loads lies in one file, dist/core.mjs; what only some need lies beside it and is loaded when
 * it is used. Left alone, the bundler makes a file of each few modules that the same entries share: some 25 of them for
 * a refresh, which cost 10 ms.
 */
import { loadedWith, type ModuleGraph } from './read-module-graph.ts'

export interface CorePlan {
  readonly core: ReadonlySet<string>
  /** Modules of the core that others load too, by the prefix of their exports' names there. */
  readonly shared: ReadonlyMap<string, string>
  /** What is loaded when it is used, by the name of its file in dist/. */
  readonly lazy: ReadonlyMap<string, string>
}

/** `hot`: loaded dynamically, but by nearly every run. */
export function planCore(graph: ModuleGraph, entry: string, hot: readonly string[]): CorePlan {
  const unknown = hot.filter((module) => !graph.modules.includes(module))
  if (unknown.length > 0) throw new Error(`${entry} does not load ${unknown.join(', ')}`)
  const core = loadedWith(graph, [entry, ...hot])
  core.delete(entry) // it waits for all the others: what they load must not wait for it
  const others = graph.modules.filter((module) => !core.has(module))
  const wanted = new Set(others.flatMap((module) => graph.importsOf(module).map(({ path }) => path)))
  const shared = [...wanted].filter((path) => core.has(path))
  const lazy = [entry, ...core]
    .flatMap((module) => graph.importsOf(module))
    .filter(({ kind, path }) => kind === 'dynamic' && !core.has(path) && !path.startsWith('node:'))
  return {
    core,
    shared: new Map(shared.map((module, index) => [module, `m${index}_`])),
    lazy: new Map(lazy.map(({ path }) => [path, fileName(path)])),
  }
}

/** `src/commands/inspect.ts` lies in `commands-inspect.mjs`. */
const fileName = (module: string) => module.replace(/^src\/(.*)\.ts$/, '$1').replaceAll('/', '-')
