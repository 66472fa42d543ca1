/**
 * Builds oidc-reader, a relying party that uses go-oidc: https://pkg.go.dev/github.com/coreos/go-oidc/v3/oidc. Run as a
 * script it prints its folder.
 */
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { cachedFolder } from './cached-folder.ts'
import { runGo } from './run-go.ts'

const module = join(import.meta.dirname, 'oidc-reader')
const goArguments = (output: string) => ['build', '-trimpath', '-buildvcs=false', '-mod=readonly', '-o', output, '.']

export const buildOidcReader = (): Promise<string> => {
  const sources = ['go.mod', 'go.sum', 'main.go'].map((file) => readFileSync(join(module, file)))
  return cachedFolder('oidc-reader', [...goArguments(''), ...sources], (folder) =>
    runGo(goArguments(`${folder}/`), { CGO_ENABLED: '0' }, module),
  )
}

if (import.meta.main) console.log(await buildOidcReader())
