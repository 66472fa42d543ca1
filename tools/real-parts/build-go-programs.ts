/**
 * Builds the programs of the tests that use a Go library, each in a folder of its own with its module. Run as a script it prints
 * their folders.
 *
 *   oidc-reader     a relying party: https://pkg.go.dev/github.com/coreos/go-oidc/v3/oidc
 *   token-exchange  a token exchange server (RFC 8693): https://pkg.go.dev/github.com/zitadel/oidc/v3/pkg/op
 */
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { cachedFolder } from './cached-folder.ts'
import { runGo } from './run-go.ts'

const programs = ['oidc-reader', 'token-exchange'] as const

const goArguments = (output: string) => ['build', '-trimpath', '-buildvcs=false', '-mod=readonly', '-o', output, '.']

/** The folder that contains the program. @throws AbsentPart if it cannot be built */
export const buildGoProgram = (name: (typeof programs)[number]): Promise<string> => {
  const module = join(import.meta.dirname, name)
  const sources = ['go.mod', 'go.sum', 'main.go'].map((file) => readFileSync(join(module, file)))
  return cachedFolder(name, [...goArguments(''), ...sources], (folder) =>
    runGo(goArguments(`${folder}/`), { CGO_ENABLED: '0' }, module),
  )
}

if (import.meta.main) for (const name of programs) console.log(await buildGoProgram(name))
