/**
 * Installs the credential provider plugin on a node, whose folder is mounted: this Node.js with the libraries that it uses, this
 * program, one script for each provider, and the configuration. The C library of the node is not used, since it can be another.
 *
 *   programs/VERSION/   node, lib/, pullpass/   complete before a script names it; others are removed later
 *   bin/PROVIDER        #!/bin/sh, starts the program with its own loader
 *   etc/                kubelet.yaml and PROVIDER.json
 *
 * Each file is replaced by a rename: a kubelet that starts the plugin meanwhile finds the earlier or the later one.
 */
import { createHash } from 'node:crypto'
import { chmod, copyFile, cp, mkdir, readdir, readFile, rename, rm, stat, writeFile } from 'node:fs/promises'
import { basename, dirname, join } from 'node:path'

export interface PluginInstallation {
  /** Folder with kubelet.yaml and PROVIDER.json: a mounted ConfigMap. */
  readonly config: string
  /** Folder of the node, as it is mounted here. */
  readonly to: string
  /** The same folder by its path on the node. */
  readonly nodePath: string
  /** Of Node.js: the file that runs. */
  readonly node: string
  /** Folder of this program. */
  readonly program: string
}

/** Returns what was written, relative to the folder; empty if everything is up to date. @throws the system's errors */
export async function installPlugin(installation: PluginInstallation): Promise<string[]> {
  const { config, to } = installation
  const version = await versionOf(installation)
  const written: string[] = []
  const program = join(to, 'programs', version)
  if (!(await exists(program))) {
    await installProgram(installation, `${program}.partial`)
    await rename(`${program}.partial`, program)
    written.push(join('programs', version))
  }
  const files = (await readdir(config)).filter((name) => /\.(?:json|yaml)$/.test(name))
  const providers = files.filter((name) => name.endsWith('.json')).map((name) => basename(name, '.json'))
  const contents = new Map<string, { readonly text: string; readonly mode: number }>()
  for (const name of files) {
    contents.set(join('etc', name), { text: await readFile(join(config, name), 'utf8'), mode: 0o644 })
  }
  const script = await renderScript(installation, version)
  for (const provider of providers) contents.set(join('bin', provider), { text: script, mode: 0o755 })
  for (const [path, { text, mode }] of contents) {
    if ((await readFile(join(to, path), 'utf8').catch(() => undefined)) === text) continue
    await replaceFile(join(to, path), text, mode)
    written.push(path)
  }
  for (const folder of ['bin', 'etc']) await removeOthers(join(to, folder), (name) => contents.has(join(folder, name)))
  // A process of another version can run until its time limit.
  if (written.length === 0) await removeOthers(join(to, 'programs'), (name) => name === version)
  return written
}

/** By content: two builds can have one version number. */
async function versionOf({ program, node }: PluginInstallation): Promise<string> {
  const hash = createHash('sha256').update(String((await stat(node)).size))
  for (const name of (await readdir(program)).toSorted()) {
    if (name.endsWith('.mjs')) hash.update(name).update(await readFile(join(program, name)))
  }
  return hash.digest('hex').slice(0, 16)
}

const exists = async (path: string): Promise<boolean> =>
  await stat(path).then(
    () => true,
    () => false,
  )

async function installProgram({ node, program }: PluginInstallation, folder: string): Promise<void> {
  await rm(folder, { recursive: true, force: true })
  await mkdir(join(folder, 'lib'), { recursive: true })
  await copyFile(node, join(folder, 'node'))
  await chmod(join(folder, 'node'), 0o755)
  for (const library of await loadedLibraries()) {
    await copyFile(library, join(folder, 'lib', basename(library)))
    await chmod(join(folder, 'lib', basename(library)), 0o755)
  }
  await cp(program, join(folder, 'pullpass'), { recursive: true })
}

/** Shared libraries of this process, and the loader. https://man7.org/linux/man-pages/man5/proc_pid_maps.5.html */
async function loadedLibraries(): Promise<string[]> {
  const maps = await readFile('/proc/self/maps', 'utf8')
  const paths = maps.split('\n').map((line) => /^\S+ \S+ \S+ \S+ \S+\s+(\/.*)$/.exec(line)?.[1] ?? '')
  return [...new Set(paths)].filter((path) => /\.so(?:\.\d+)*$/.test(path))
}

const isLoader = (name: string) => /^ld-(?:linux|musl)/.test(name)

/** Quotes nothing: the paths consist of the node's folder and names of ours. */
async function renderScript({ to, nodePath }: PluginInstallation, version: string): Promise<string> {
  const program = `${nodePath}/programs/${version}`
  const loader = (await readdir(join(to, 'programs', version, 'lib'))).find(isLoader)
  const start = loader === undefined ? '' : `${program}/lib/${loader} --library-path ${program}/lib `
  return `#!/bin/sh\nexec ${start}${program}/node ${program}/pullpass/credential-provider.mjs "$@"\n`
}

async function replaceFile(path: string, text: string, mode: number): Promise<void> {
  await mkdir(dirname(path), { recursive: true })
  await writeFile(`${path}.partial`, text, { mode })
  await chmod(`${path}.partial`, mode) // whatever the umask
  await rename(`${path}.partial`, path)
}

async function removeOthers(folder: string, isKept: (name: string) => boolean): Promise<void> {
  for (const name of await readdir(folder).catch(() => [])) {
    if (!isKept(name)) await rm(join(folder, name), { recursive: true, force: true })
  }
}
