/**
 * What a kubelet and a containerd change on their machine outside their own folders, whatever their settings say:
 * noted, and put back. Kubernetes, pkg/kubelet/cm/container_manager_linux.go: setupKernelTunables
 */
import { existsSync, globSync } from 'node:fs'
import { readFile, rm, rmdir, writeFile } from 'node:fs/promises'

const kernelSettings = [
  '/proc/sys/vm/overcommit_memory',
  '/proc/sys/vm/panic_on_oom',
  '/proc/sys/kernel/panic',
  '/proc/sys/kernel/panic_on_oops',
  '/proc/sys/kernel/keys/root_maxkeys',
  '/proc/sys/kernel/keys/root_maxbytes',
]

/** Device plugins, the old place of container logs, the sockets of shims. */
const folders = ['/var/lib/kubelet', '/var/log/containers', '/run/containerd']

/** Returns what puts it all back; nothing that was there before is removed. */
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

/** Of version 2, and of each controller of version 1. */
const controlGroups = (): string[] => globSync(['/sys/fs/cgroup/k8s.io', '/sys/fs/cgroup/*/k8s.io'])
