/**
 * Installs the credential provider plugin on a node, whose folder is mounted: this Node.js with the libraries that it uses, this
 * program, one script for each provider, and the configuration. The C library of the node is not used, since it can be another.
 *
 *   programs/VERSION/   node, lib/, pullpass/   complete before a script names it; earlier versions are removed later
 *   bin/PROVIDER        #!/bin/sh, starts the program with its own loader
 *   etc/                PROVIDER.json, then kubelet.yaml: a kubelet does not start if a program of its configuration is missing
 *
 * Each file is replaced by a rename: a kubelet that starts the plugin meanwhile finds the earlier or the later one. Scripts and
 * configurations of earlier providers remain, because running kubelets use them until they are restarted.
 */
import { createHash } from 'node:crypto'
import { existsSync } from 'node:fs'
import {
  chmod,
  copyFile,
  lstat,
  mkdir,
  open,
  readdir,
  readFile,
  readlink,
  realpath,
  rename,
  rm,
} from 'node:fs/promises'
import { basename, dirname, join, resolve } from 'node:path'

export interface PluginInstallation {
  /** Folder with kubelet.yaml and PROVIDER.json: a mounted ConfigMap. */
  readonly config: string
  /** Folder of the node, as it is mounted here. */
  readonly to: string
  /** The same folder by its path on the node. */
  readonly nodePath: string
  readonly source: PluginSource
}

/** What is copied, found once: it does not change while this process runs. */
export interface PluginSource {
  /** Of Node.js, its libraries and this program: by their path under programs/VERSION, the file to copy. */
  readonly files: ReadonlyMap<string, string>
  /** Of their contents. */
  readonly version: string
}

/** `node`: the file that runs; `program`: the folder of this program, with a folder of the plugin. */
export async function findPluginSource(node: string, program: string): Promise<PluginSource> {
  const libraries = (await loadedLibraries()).map((path) => [`lib/${basename(path)}`, path] as const)
  const plugin = join(program, 'credential-provider')
  const names = existsSync(plugin) ? await readdir(plugin) : [] // absent where the sources run
  const modules = names
    .filter((name) => name.endsWith('.cjs'))
    .map((name) => [`pullpass/${name}`, join(plugin, name)] as const)
  const files = new Map(
    [['node', node] as const, ...libraries, ...modules].toSorted(([one], [other]) => (one < other ? -1 : 1)),
  )
  if (!files.has('pullpass/credential-provider.cjs')) {
    throw new UnsafeFolder(
      `${program} does not contain credential-provider.cjs: only the built package can be installed`,
    )
  }
  return { files, version: await hashOf(files) }
}

/** Returns what was written, relative to the folder; empty if everything is up to date. @throws UnsafeFolder, the system's errors */
export async function installPlugin(installation: PluginInstallation): Promise<string[]> {
  const { config, to, nodePath, source } = installation
  // Root starts the script, which contains this path without quotes.
  if (!/^(?:\/[\w.-]+)+$/.test(nodePath)) {
    throw new UnsafeFolder(
      'the path of the folder on the node has other characters than letters, digits, "_", ".", "-" and "/", or is relative',
    )
  }
  await mkdir(to, { recursive: true, mode: 0o755 })
  await checkAncestors(to)
  await checkAncestors(await realpath(to))
  for (const folder of [to, ...['programs', 'bin', 'etc'].map((name) => join(to, name))]) await checkFolder(folder)
  const written: string[] = []
  const program = join('programs', source.version)
  if (!(await isInstalled(source, join(to, program)))) {
    await installProgram(source, join(to, program))
    written.push(program)
  }
  const script = renderScript(installation)
  const names = (await readdir(config)).filter((name) => /\.(?:json|yaml)$/.test(name))
  const providers = names.filter((name) => name.endsWith('.json')).map((name) => basename(name, '.json'))
  checkProviders(await readFile(join(config, 'kubelet.yaml'), 'utf8'), providers)
  const earlier = await earlierScripts(installation)
  for (const provider of new Set([...providers, ...earlier])) {
    if (await replaceFile(join(to, 'bin', provider), script, 0o755)) written.push(join('bin', provider))
  }
  for (const name of names.toSorted((one, other) => Number(one.endsWith('.yaml')) - Number(other.endsWith('.yaml')))) {
    const text = await readFile(join(config, name), 'utf8')
    if (await replaceFile(join(to, 'etc', name), text, 0o644)) written.push(join('etc', name))
  }
  // A process of an earlier version can run until its time limit.
  if (written.length === 0) await removeEarlierPrograms(to, source.version)
  return written
}

/** A kubelet does not start if a program of its configuration is missing. */
function checkProviders(kubeletConfig: string, providers: readonly string[]): void {
  const named = [...kubeletConfig.matchAll(/^ *(?:- )?name: "?([\w-]+)"?$/gm)].map(([, name = '']) => name)
  const missing = named.find((name) => !providers.includes(name))
  if (missing !== undefined) throw new UnsafeFolder(`kubelet.yaml names ${missing}, and ${missing}.json does not exist`)
}

/** What cannot be installed safely. */
export class UnsafeFolder extends Error {}

/** Programs that root starts are written there. Absent folders are created. */
async function checkFolder(folder: string): Promise<void> {
  await mkdir(folder, { recursive: true, mode: 0o755 })
  const found = await lstat(folder)
  const { uid, mode } = found
  if (!found.isDirectory()) throw new UnsafeFolder(`${folder} is not a folder`)
  if (uid !== process.getuid?.()) throw new UnsafeFolder(`${folder} belongs to user ${uid}`)
  if ((mode & 0o022) !== 0) throw new UnsafeFolder(`${folder} can be written by other users`)
}

/** @see https://man7.org/linux/man-pages/man7/path_resolution.7.html */
const mostLinks = 40

/**
 * The owner of an ancestor can replace the folder, and so can any user with write permission, except in a sticky folder such as /tmp. Links
 * are followed one by one, then the real path is checked. https://man7.org/linux/man-pages/man7/inode.7.html
 */
async function checkAncestors(folder: string, links = 0): Promise<void> {
  if (links > mostLinks) throw new UnsafeFolder(`${folder} has too many symbolic links`)
  const path = dirname(resolve(folder))
  if (path !== '/') await checkAncestors(path, links)
  const { uid, mode, link } = await readAncestor(path)
  if (uid !== 0 && uid !== process.getuid?.()) throw new UnsafeFolder(`${path} belongs to user ${uid}`)
  if (link !== undefined) {
    // Any name in the target: its ancestors include the target itself.
    await checkAncestors(join(resolve(dirname(path), link), 'target'), links + 1)
  } else if ((mode & 0o022) !== 0 && (mode & 0o1000) === 0) {
    throw new UnsafeFolder(`${path} can be written by other users`)
  }
}

async function readAncestor(path: string) {
  const found = await lstat(path)
  return { uid: found.uid, mode: found.mode, link: found.isSymbolicLink() ? await readlink(path) : undefined }
}

async function hashOf(files: ReadonlyMap<string, string>): Promise<string> {
  const hash = createHash('sha256')
  for (const [name, path] of files) hash.update(`${name}\0`).update(await readFile(path))
  return hash.digest('hex').slice(0, 16)
}

const versionPattern = /^[0-9a-f]{16}(?:\.partial)?$/
/** Folders of which all contents were compared by this process: afterwards their sizes are. */
const compared = new Set<string>()

async function isInstalled({ files, version }: PluginSource, folder: string): Promise<boolean> {
  const installed = new Map([...files.keys()].map((name) => [name, join(folder, name)]))
  try {
    for (const [name, path] of files) {
      const [own, copy] = [await lstat(path), await lstat(join(folder, name))]
      if (!copy.isFile() || (own.isFile() && own.size !== copy.size)) return false
    }
    if (!compared.has(folder) && (await hashOf(installed)) !== version) return false
    compared.add(folder)
    return true
  } catch {
    return false // a file is missing or cannot be read
  }
}

async function installProgram({ files }: PluginSource, folder: string): Promise<void> {
  const partial = `${folder}.partial`
  await rm(partial, { recursive: true, force: true })
  for (const [name, path] of files) {
    await mkdir(dirname(join(partial, name)), { recursive: true })
    await copyFile(path, join(partial, name))
    await chmod(join(partial, name), 0o755)
    await sync(join(partial, name))
  }
  await rm(folder, { recursive: true, force: true })
  await rename(partial, folder)
}

async function sync(path: string): Promise<void> {
  const file = await open(path, 'r')
  try {
    await file.sync()
  } finally {
    await file.close()
  }
}

/** Shared libraries of this process, and the loader. https://man7.org/linux/man-pages/man5/proc_pid_maps.5.html */
async function loadedLibraries(): Promise<string[]> {
  const maps = await readFile('/proc/self/maps', 'utf8')
  const paths = maps.split('\n').map((line) => /^\S+ \S+ \S+ \S+ \S+\s+(\/.*)$/.exec(line)?.[1] ?? '')
  return [...new Set(paths)].filter((path) => /\.so(?:\.\d+)*$/.test(path))
}

/** Nothing is quoted: the paths consist of the node's folder, whose characters are checked, and of names of ours. */
function renderScript({ nodePath, source }: PluginInstallation): string {
  const program = `${nodePath}/programs/${source.version}`
  const loader = [...source.files.keys()].find((name) => /^lib\/ld-(?:linux|musl)/.test(name))
  const start = loader === undefined ? '' : `${program}/${loader} --library-path ${program}/lib `
  return `#!/bin/sh\nexec ${start}${program}/node ${program}/pullpass/credential-provider.cjs "$@"\n`
}

/** Of providers that the configuration no longer names: they have to start the present version. */
async function earlierScripts({ to, nodePath }: PluginInstallation): Promise<string[]> {
  const isOurs = async (name: string) => {
    const text = await readFile(join(to, 'bin', name), 'utf8').catch(() => '')
    return text.startsWith('#!/bin/sh\nexec ') && text.includes(`${nodePath}/programs/`)
  }
  const scripts: string[] = []
  for (const name of await readdir(join(to, 'bin'))) {
    if (/^pullpass-[0-9a-f]+$/.test(name) && (await isOurs(name))) scripts.push(name)
  }
  return scripts
}

/** Whether it was written: the text or the mode differed. */
async function replaceFile(path: string, text: string, mode: number): Promise<boolean> {
  const [found, existing] = await Promise.all([
    lstat(path).catch(() => undefined),
    readFile(path, 'utf8').catch(() => undefined),
  ])
  if (existing === text && found?.isFile() && (found.mode & 0o777) === mode) return false
  const partial = `${path}.partial`
  await rm(partial, { recursive: true, force: true })
  const file = await open(partial, 'wx', mode)
  try {
    await file.writeFile(text)
    await file.chmod(mode) // whatever the umask
    await file.sync()
  } finally {
    await file.close()
  }
  await rename(partial, path)
  return true
}

async function removeEarlierPrograms(to: string, version: string): Promise<void> {
  for (const name of await readdir(join(to, 'programs'))) {
    if (name !== version && versionPattern.test(name)) await rm(join(to, 'programs', name), { recursive: true })
  }
}
