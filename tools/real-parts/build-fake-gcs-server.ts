/**
 * Builds fake-gcs-server, a third-party emulator of Cloud Storage that enforces generations:
 * https://pkg.go.dev/github.com/fsouza/fake-gcs-server. Run as a script it prints its folder.
 */
import { cachedFolder } from './cached-folder.ts'
import { runGo } from './run-go.ts'

const version = 'v1.56.1'
const install = ['install', '-p', '1', '-trimpath', `github.com/fsouza/fake-gcs-server@${version}`]

export const buildFakeGcsServer = (): Promise<string> =>
  cachedFolder(`fake-gcs-server-${version}`, install, (folder) => runGo(install, { CGO_ENABLED: '0', GOBIN: folder }))

if (import.meta.main) console.log(await buildFakeGcsServer())
