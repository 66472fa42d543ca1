/**
 * Builds crane, the registry client of go-containerregistry, independent of skopeo and containerd:
 * https://pkg.go.dev/github.com/google/go-containerregistry/cmd/crane. Run as a script it prints its folder.
 */
import { cachedFolder } from './cached-folder.ts'
import { runGo } from './run-go.ts'

const version = 'v0.22.1'
const install = ['install', '-p', '1', '-trimpath', `github.com/google/go-containerregistry/cmd/crane@${version}`]

export const buildCrane = (): Promise<string> =>
  cachedFolder(`crane-${version}`, install, (folder) => runGo(install, { CGO_ENABLED: '0', GOBIN: folder }))

if (import.meta.main) console.log(await buildCrane())
