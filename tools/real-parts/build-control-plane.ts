/**
 * Builds etcd, kube-apiserver, kube-controller-manager and kubelet from their published Go modules, once for each
 * version: https://pkg.go.dev/k8s.io/kubernetes. Run by itself it prints the folder that holds them.
 */
import { readFileSync } from 'node:fs'
import { cachedFolder } from './cached-folder.ts'
import { runGo } from './run-go.ts'

const version = 'v1.34.4' // as in go.mod
const programs = ['etcd', 'kube-apiserver', 'kube-controller-manager', 'kubelet']

/** The folder of the four programs: about five minutes of one core the first time, at once from then on. */
export const buildControlPlane = (): Promise<string> =>
  cachedFolder(version, [...goArguments(''), ...moduleFiles()], (folder) => {
    console.error(`Building etcd and Kubernetes ${version} from Go modules, once, in ${folder} ...`)
    return runGo(goArguments(folder), { CGO_ENABLED: '0' })
  })

/** `-p 1`: two packages of Kubernetes compiled side by side take the memory of a small machine. */
function goArguments(outputFolder: string): string[] {
  const [major, minor] = version.slice(1).split('.')
  const stamps = Object.entries({ gitVersion: version, gitMajor: major, gitMinor: minor }).map(
    ([name, value]) => `-X k8s.io/component-base/version.${name}=${value}`,
  )
  const flags = ['-p', '1', '-trimpath', '-buildvcs=false', '-mod=readonly', '-ldflags', `-s -w ${stamps.join(' ')}`]
  return ['build', ...flags, '-o', `${outputFolder}/`, ...programs.map((program) => `./${program}`)]
}

const moduleFiles = (): Buffer[] =>
  ['go.mod', 'go.sum', ...programs.map((program) => `${program}/main.go`)].map((file) =>
    readFileSync(`${import.meta.dirname}/${file}`),
  )

if (import.meta.main) console.log(await buildControlPlane())
