/**
 * A real registry, Debian's docker-registry, on a free port of 127.0.0.1, that requires authentication.
 * https://distribution.github.io/distribution/about/configuration
 */
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { findInstalledProgram } from './process/find-program.ts'
import { freePort } from './process/free-port.ts'
import { runSuccessfully } from './process/run-program.ts'
import { type PartContext, startPart } from './process/start-part.ts'
import { waitUntil } from './process/wait-until.ts'
import type { RealPart } from './real-part.ts'
import { type RegistryLogin, startTokenServer } from './registry/start-token-server.ts'

export interface Registry extends RealPart {
  /** `localhost:PORT`, as in image references and pull secrets. */
  readonly host: string
  /** The folder of its file system driver. */
  readonly storage: string
}

/** `token`: as Google, Azure and most others. `basic`: the password in each request, as AWS. */
export type RegistryAuth =
  | { readonly kind: 'token'; readonly accepts: (login: RegistryLogin) => boolean }
  | { readonly kind: 'basic'; readonly login: RegistryLogin }

/** @throws AbsentPart where docker-registry, or htpasswd for `basic`, is not installed. */
export const startRegistry = (auth: RegistryAuth): Promise<Registry> =>
  startPart('registry', async (context) => {
    const program = findInstalledProgram('docker-registry', 'docker-registry')
    const port = await freePort()
    const storage = join(context.folder, 'storage')
    const configurationFile = join(context.folder, 'registry.json')
    const configuration = {
      version: '0.1',
      log: { level: 'info', accesslog: { disabled: true } },
      storage: { filesystem: { rootdirectory: storage } },
      http: { addr: `127.0.0.1:${port}` },
      auth: auth.kind === 'token' ? await tokenAuth(context, auth.accepts) : await basicAuth(context, auth.login),
    }
    await writeFile(configurationFile, JSON.stringify(configuration), { mode: 0o600 }) // JSON is YAML
    const { ended } = context.start(program, ['serve', configurationFile])
    const isAvailable = async () => (await fetch(`http://127.0.0.1:${port}/v2/`)).status === 401 || undefined
    await waitUntil('docker-registry', 20_000, isAvailable, ended)
    return { host: `localhost:${port}`, storage }
  })

async function tokenAuth({ folder, defer }: PartContext, accepts: (login: RegistryLogin) => boolean) {
  const { realm, issuer, service, authority, close } = await startTokenServer(accepts)
  defer(close)
  const rootcertbundle = join(folder, 'token-authority.pem')
  await writeFile(rootcertbundle, authority)
  return { token: { realm, issuer, service, rootcertbundle } }
}

/** The registry supports only bcrypt. The password is passed on stdin: arguments are readable by all users. */
async function basicAuth({ folder }: PartContext, { username, password }: RegistryLogin) {
  const program = findInstalledProgram('htpasswd', 'apache2-utils')
  const entry = await runSuccessfully(program, ['-niB', username], { stdin: password })
  const path = join(folder, 'htpasswd')
  await writeFile(path, entry, { mode: 0o600 })
  return { htpasswd: { realm: 'pullpass', path } }
}
