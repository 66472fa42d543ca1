/**
 * Builds etcd, kube-apiserver, kube-controller-manager and kubelet from their published Go modules, once per
 * version: https://pkg.go.dev/k8s.io/kubernetes. Run as a script it builds every supported version and prints their folders.
 */
import { readFileSync } from 'node:fs'
import { cachedFolder } from './cached-folder.ts'
import { runGo } from './run-installer.ts'

/** The oldest and the newest supported version (README.md), each with its module file. */
const releases = {
  oldest: { version: 'v1.34.4', moduleFile: 'go.mod' },
  newest: { version: 'v1.37.2', moduleFile: 'kubernetes-1.37.mod' },
} as const
export type KubernetesRelease = keyof typeof releases
const programs = ['etcd', 'kube-apiserver', 'kube-controller-manager', 'kubelet']

/** The folder of the four programs. The first build takes about five minutes of one core; later calls return immediately. */
export function buildControlPlane(release: KubernetesRelease): Promise<string> {
  const { version, moduleFile } = releases[release]
  return cachedFolder(version, [...goArguments(release, ''), ...sourcesOf(moduleFile)], (folder) => {
    console.error(`Building etcd and Kubernetes ${version} from Go modules, once, in ${folder} ...`)
    return runGo(goArguments(release, folder), { CGO_ENABLED: '0' })
  })
}

/** `-p 1`: compiling two packages of Kubernetes in parallel requires too much memory for a small machine. */
function goArguments(release: KubernetesRelease, outputFolder: string): string[] {
  const { version, moduleFile } = releases[release]
  const [major, minor] = version.slice(1).split('.')
  const stamps = Object.entries({ gitVersion: version, gitMajor: major, gitMinor: minor }).map(
    ([name, value]) => `-X k8s.io/component-base/version.${name}=${value}`,
  )
  const module = moduleFile === 'go.mod' ? [] : [`-modfile=${moduleFile}`]
  const flags = ['-p', '1', '-trimpath', '-buildvcs=false', '-mod=readonly', ...module]
  const linked = ['-ldflags', `-s -w ${stamps.join(' ')}`]
  return ['build', ...flags, ...linked, '-o', `${outputFolder}/`, ...programs.map((program) => `./${program}`)]
}

const sourcesOf = (moduleFile: string): Buffer[] =>
  [moduleFile, moduleFile.replace(/mod$/, 'sum'), ...programs.map((program) => `${program}/main.go`)].map((file) =>
    readFileSync(`${import.meta.dirname}/${file}`),
  )

if (import.meta.main) for (const release of ['oldest', 'newest'] as const) console.log(await buildControlPlane(release))
