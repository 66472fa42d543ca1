/**
 * Builds programs in Go, each in a folder of its own with its module, whose go.sum pins every package. Run as a script it prints
 * their folders.
 *
 *   oidc-reader              a relying party: https://pkg.go.dev/github.com/coreos/go-oidc/v3/oidc
 *   token-exchange           a token exchange server (RFC 8693): https://pkg.go.dev/github.com/zitadel/oidc/v3/pkg/op
 *   ecr-credential-provider  AWS's plugin for kubelets: https://pkg.go.dev/k8s.io/cloud-provider-aws/cmd/ecr-credential-provider
 *   promtool                 Prometheus's check of metrics: https://pkg.go.dev/github.com/prometheus/prometheus/cmd/promtool
 */
import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { cachedFolder } from './cached-folder.ts'
import { runGo } from './run-go.ts'

const programs = ['oidc-reader', 'token-exchange', 'ecr-credential-provider', 'promtool'] as const

type GoProgram = (typeof programs)[number]

/** The package of each: the module's own, or one of a module that it requires. */
const packages: Readonly<Record<GoProgram, string>> = {
  'oidc-reader': '.',
  'token-exchange': '.',
  'ecr-credential-provider': 'k8s.io/cloud-provider-aws/cmd/ecr-credential-provider',
  promtool: 'github.com/prometheus/prometheus/cmd/promtool',
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

if (import.meta.main) for (const name of programs) console.log(await buildGoProgram(name))
