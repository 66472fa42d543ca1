/**
 * Builds programs in Go. Run as a script it prints their folders.
 *
 * Each in a folder of its own with its module, whose go.sum pins every package:
 *
 *   oidc-reader              a relying party: https://pkg.go.dev/github.com/coreos/go-oidc/v3/oidc
 *   token-exchange           a token exchange server (RFC 8693): https://pkg.go.dev/github.com/zitadel/oidc/v3/pkg/op
 *   ecr-credential-provider  AWS's plugin for kubelets: https://pkg.go.dev/k8s.io/cloud-provider-aws/cmd/ecr-credential-provider
 *   promtool                 Prometheus's check of metrics: https://pkg.go.dev/github.com/prometheus/prometheus/cmd/promtool
 *   external-secrets         External Secrets Operator, which only npm run bench needs: https://pkg.go.dev/github.com/external-secrets/external-secrets
 *
 * Commands of published modules:
 *
 *   crane            a registry client, independent of skopeo and containerd: https://pkg.go.dev/github.com/google/go-containerregistry/cmd/crane
 *   oras             another one: https://pkg.go.dev/oras.land/oras/cmd/oras
 *   fake-gcs-server  an emulator of Cloud Storage that enforces generations: https://pkg.go.dev/github.com/fsouza/fake-gcs-server
 */
import { execFile } from 'node:child_process'
import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { cachedFolder } from './cached-folder.ts'
import { runGo } from './run-installer.ts'

const programs = ['oidc-reader', 'token-exchange', 'ecr-credential-provider', 'promtool'] as const

type GoProgram = (typeof programs)[number] | 'external-secrets'

/** The package of each: that of its own module, or one of a module that this requires. */
const packages: Readonly<Record<GoProgram, string>> = {
  'oidc-reader': '.',
  'token-exchange': '.',
  'ecr-credential-provider': 'k8s.io/cloud-provider-aws/cmd/ecr-credential-provider',
  promtool: 'github.com/prometheus/prometheus/cmd/promtool',
  'external-secrets': 'github.com/external-secrets/external-secrets',
}

/** Prometheus's tag that leaves out every kind of service discovery, with the SDKs of the clouds that they need. */
const tags: Readonly<Partial<Record<GoProgram, string>>> = { promtool: 'remove_all_sd' }

const goArguments = (name: GoProgram, output: string) => [
  'build',
  ...(packages[name] === '.' ? [] : ['-p', '1']),
  ...(tags[name] === undefined ? [] : ['-tags', tags[name]]),
  '-trimpath',
  '-buildvcs=false',
  '-mod=readonly',
  '-o',
  output,
  packages[name],
]

/** The folder that contains the program. @throws AbsentPart if it cannot be built */
export const buildGoProgram = (name: GoProgram): Promise<string> => {
  const module = join(import.meta.dirname, name)
  const files = ['go.mod', 'go.sum', 'main.go'].map((file) => join(module, file)).filter((file) => existsSync(file))
  return cachedFolder(name, [...goArguments(name, ''), ...files.map((file) => readFileSync(file))], (folder) =>
    runGo(goArguments(name, `${folder}/`), { CGO_ENABLED: '0' }, module),
  )
}

/** Where the source of a module is that this program requires, with its other files. */
export async function goModuleFolder(name: GoProgram, module: string): Promise<string> {
  const argv = ['list', '-m', '-f', '{{.Dir}}', module]
  const { stdout } = await promisify(execFile)('go', argv, { cwd: join(import.meta.dirname, name) })
  return stdout.trim()
}

/** Built from a published module as it is, which pins its packages itself. */
const commands = ['crane', 'oras', 'fake-gcs-server'] as const

type GoCommand = (typeof commands)[number]

const commandPackages: Readonly<Record<GoCommand, readonly [name: string, version: string]>> = {
  crane: ['github.com/google/go-containerregistry/cmd/crane', 'v0.22.1'],
  oras: ['oras.land/oras/cmd/oras', 'v1.3.6'],
  'fake-gcs-server': ['github.com/fsouza/fake-gcs-server', 'v1.56.1'],
}

/** The folder that contains the command. @throws AbsentPart if it cannot be built */
export const buildGoCommand = (command: GoCommand): Promise<string> => {
  const [name, version] = commandPackages[command]
  const install = ['install', '-p', '1', '-trimpath', `${name}@${version}`]
  return cachedFolder(`${command}-${version}`, install, (folder) => runGo(install, { CGO_ENABLED: '0', GOBIN: folder }))
}

if (import.meta.main) {
  for (const name of programs) console.log(await buildGoProgram(name))
  for (const command of commands) console.log(await buildGoCommand(command))
}
