/** Which modules of src/ load which, as esbuild sees them: packages stay outside, types are gone. */
import { relative, resolve } from 'node:path'
import { build, type Metafile } from 'esbuild'

export interface ModuleGraph {
  /** Paths from the root, as `src/cli.ts`. */
  readonly modules: readonly string[]
  readonly importsOf: (module: string) => readonly ModuleImport[]
  readonly exportsOf: (module: string) => readonly string[]
}

interface ModuleImport {
  /** A module's path; or a package's name, or a builtin's. */
  readonly path: string
  readonly kind: 'static' | 'dynamic'
}

const root = resolve(import.meta.dirname, '../..')
const common = { absWorkingDir: root, platform: 'node', format: 'esm', outdir: 'unused', write: false } as const

export async function readModuleGraph(entries: readonly string[]): Promise<ModuleGraph> {
  const bundled = await build({
    ...common,
    entryPoints: [...entries],
    bundle: true,
    packages: 'external',
    metafile: true,
  })
  const modules = Object.keys(bundled.metafile.inputs)
  const single = await build({ ...common, entryPoints: modules, outbase: root, metafile: true })
  const exports = new Map(
    Object.values(single.metafile.outputs).map((output) => [output.entryPoint ?? '', output.exports]),
  )
  return {
    modules,
    importsOf: (module) => (bundled.metafile.inputs[module]?.imports ?? []).map(toImport),
    exportsOf: (module) => exports.get(module) ?? [],
  }
}

const toImport = ({ path, kind }: Metafile['inputs'][string]['imports'][number]): ModuleImport => ({
  path,
  kind: kind === 'dynamic-import' ? 'dynamic' : 'static',
})

/** What is loaded with these modules: they themselves, and all that they import statically. */
export function loadedWith(graph: ModuleGraph, modules: readonly string[]): Set<string> {
  const loaded = new Set<string>()
  const visit = (module: string) => {
    if (loaded.has(module) || !graph.modules.includes(module)) return
    loaded.add(module)
    for (const { path, kind } of graph.importsOf(module)) if (kind === 'static') visit(path)
  }
  for (const module of modules) visit(module)
  return loaded
}

/** Absolute to `src/…`. */
export const fromRoot = (path: string): string => relative(root, path).replaceAll('\\', '/')
