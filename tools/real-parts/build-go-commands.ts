/**
 * Builds commands of other projects from their Go modules. Run as a script it prints their folders.
 *
 *   crane            a registry client, independent of skopeo and containerd: https://pkg.go.dev/github.com/google/go-containerregistry/cmd/crane
 *   oras             another one: https://pkg.go.dev/oras.land/oras/cmd/oras
 *   fake-gcs-server  an emulator of Cloud Storage that enforces generations: https://pkg.go.dev/github.com/fsouza/fake-gcs-server
 */
import { cachedFolder } from './cached-folder.ts'
import { runGo } from './run-go.ts'

const commands = ['crane', 'oras', 'fake-gcs-server'] as const

type GoCommand = (typeof commands)[number]

const packages: Readonly<Record<GoCommand, readonly [name: string, version: string]>> = {
  crane: ['github.com/google/go-containerregistry/cmd/crane', 'v0.22.1'],
  oras: ['oras.land/oras/cmd/oras', 'v1.3.6'],
  'fake-gcs-server': ['github.com/fsouza/fake-gcs-server', 'v1.56.1'],
}

/** The folder that contains the command. @throws AbsentPart if it cannot be built */
export const buildGoCommand = (command: GoCommand): Promise<string> => {
  const [name, version] = packages[command]
  const install = ['install', '-p', '1', '-trimpath', `${name}@${version}`]
  return cachedFolder(`${command}-${version}`, install, (folder) => runGo(install, { CGO_ENABLED: '0', GOBIN: folder }))
}

if (import.meta.main) for (const command of commands) console.log(await buildGoCommand(command))
