/** Finds programs of other projects, and those of the control plane, which are built. */
import { accessSync, constants } from 'node:fs'
import { delimiter, join } from 'node:path'
import { buildControlPlane, type KubernetesRelease } from '../../../tools/real-parts/build-control-plane.ts'
import { AbsentPart } from '../../../tools/real-parts/run-installer.ts'

/** PATH, and the sbin folders that are not in a user's PATH on Debian. */
const pathFolders = (): string[] => [
  ...(process.env['PATH'] ?? '').split(delimiter),
  '/usr/local/sbin',
  '/usr/sbin',
  '/sbin',
]

/**
 * The absolute path of a program.
 * @throws AbsentPart with `remedy`, a clause that states how to install it
 */
export function findProgram(name: string, folders: readonly string[], remedy: string): string {
  const found = folders.map((folder) => join(folder, name)).find(isExecutable)
  if (!found) throw new AbsentPart(`${name} is not installed: ${remedy}`)
  return found
}

/** A program that a Debian package contains, from any source. */
export const findInstalledProgram = (name: string, debianPackage: string): string =>
  findOnPath(name, `apt-get install --no-install-recommends ${debianPackage}`)

/** A program that is not in a Debian package. @throws AbsentPart with `remedy` */
export const findOnPath = (name: string, remedy: string): string => findProgram(name, pathFolders(), remedy)

function isExecutable(path: string): boolean {
  try {
    accessSync(path, constants.X_OK)
    return true
  } catch {
    return false // does not exist or is not executable: the next folder may contain it
  }
}

type ControlPlaneProgram = 'etcd' | 'kube-apiserver' | 'kube-controller-manager' | 'kubelet'

/**
 * PULLPASS_KUBERNETES is `oldest` (the default) or `newest`: the version that is built. KUBEBUILDER_ASSETS names a folder with
 * etcd, kube-apiserver and kubectl instead: https://book.kubebuilder.io/reference/envtest.
 * @throws AbsentPart if it does not exist and cannot be built
 */
export async function findControlPlaneProgram(name: ControlPlaneProgram): Promise<string> {
  const assets = process.env['KUBEBUILDER_ASSETS']
  const folder = assets && (name === 'etcd' || name === 'kube-apiserver') ? assets : await buildControlPlane(release())
  return findProgram(name, [folder], `put it into ${folder}`)
}

function release(): KubernetesRelease {
  const named = process.env['PULLPASS_KUBERNETES'] || 'oldest'
  if (named === 'oldest' || named === 'newest') return named
  throw new Error(`PULLPASS_KUBERNETES is oldest or newest, not "${named}"`)
}
