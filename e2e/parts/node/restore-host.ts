/**
 * Restores what a kubelet and a containerd always change on the machine outside their own folders, and unmounts what is left in these.
 * Kubernetes, pkg/kubelet/cm/container_manager_linux.go: setupKernelTunables
 */
import { existsSync, globSync } from 'node:fs'
import { readFile, rm, rmdir, writeFile } from 'node:fs/promises'
import { runSuccessfully } from '../process/run-program.ts'

const kernelSettings = [
  '/proc/sys/vm/overcommit_memory',
  '/proc/sys/vm/panic_on_oom',
  '/proc/sys/kernel/panic',
  '/proc/sys/kernel/panic_on_oops',
  '/proc/sys/kernel/keys/root_maxkeys',
  '/proc/sys/kernel/keys/root_maxbytes',
]

/** Device plugins, the legacy location of container logs, the sockets of shims. */
const folders = ['/var/lib/kubelet', '/var/log/containers', '/run/containerd']

/** Returns a function that restores the settings and removes only new folders. */
export async function saveHostSettings(): Promise<() => Promise<void>> {
  const values = await Promise.all(kernelSettings.map((file) => readFile(file, 'utf8')))
  const newFolders = folders.filter((folder) => !existsSync(folder))
  const oldGroups = controlGroups()
  return async () => {
    for (const [index, file] of kernelSettings.entries()) await writeFile(file, values[index] ?? '')
    for (const folder of newFolders) await rm(folder, { recursive: true, force: true })
    for (const group of controlGroups()) if (!oldGroups.includes(group)) await rmdir(group)
  }
}

/** Control groups v2, and those of each v1 controller. */
const controlGroups = (): string[] => globSync(['/sys/fs/cgroup/k8s.io', '/sys/fs/cgroup/*/k8s.io'])

/** Every mount below a folder, innermost first, so that the folder can be removed. */
export async function unmountUnder(folder: string): Promise<void> {
  const mounts = await readFile('/proc/self/mounts', 'utf8')
  const points = mounts.split('\n').flatMap((line) => line.split(' ')[1] ?? [])
  for (const point of points.filter((path) => path.startsWith(`${folder}/`)).toReversed()) {
    await runSuccessfully('umount', [point])
  }
}
