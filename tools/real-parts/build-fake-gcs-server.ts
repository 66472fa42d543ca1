/**
 * Builds fake-gcs-server, other people's Cloud Storage, which is strict on generations:
 * https://pkg.go.dev/github.com/fsouza/fake-gcs-server. Run by itself it prints the folder that holds it.
 */
import { cachedFolder } from './cached-folder.ts'
import { runGo } from './run-go.ts'

const version = 'v1.56.1'
const install = ['install', '-p', '1', '-trimpath', `github.com/fsouza/fake-gcs-server@${version}`]

export const buildFakeGcsServer = (): Promise<string> =>
  cachedFolder(`fake-gcs-server-${version}`, install, (folder) => runGo(install, { CGO_ENABLED: '0', GOBIN: folder }))

if (import.meta.main) console.log(await buildFakeGcsServer())
