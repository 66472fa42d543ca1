/** Other people's registry clients take what pullpass writes into a pull secret, at a real registry of either kind. */
import assert from 'node:assert/strict'
import { mkdir, readdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { suite, test } from 'node:test'
import { buildCrane } from '../tools/real-parts/build-crane.ts'
import { buildImage } from './parts/build-image.ts'
import { findInstalledProgram } from './parts/find-program.ts'
import { pushImage } from './parts/push-image.ts'
import { withRealPart } from './parts/real-part.ts'
import { renderLogin } from './parts/render-login.ts'
import { runProgram } from './parts/run-program.ts'
import { startPart } from './parts/start-part.ts'
import { type RegistryAuth, startRegistry } from './parts/start-registry.ts'
import type { RegistryLogin } from './parts/start-token-server.ts'

const login = { username: 'oauth2accesstoken', password: 'ya29.c.right' }
const wrongLogin = { username: 'oauth2accesstoken', password: 'ya29.c.wrong' }
const registries: readonly RegistryAuth[] = [
  { kind: 'token', accepts: ({ username, password }) => username === login.username && password === login.password },
  { kind: 'basic', login },
]

const startClients = (auth: RegistryAuth) =>
  startPart('clients', async ({ folder, use }) => {
    const skopeo = findInstalledProgram('skopeo', 'skopeo')
    const crane = join(await buildCrane(), 'crane')
    const registry = await use(startRegistry(auth))
    const image = `${registry.host}/team/private:1`
    await pushImage(await buildImage(folder, image, 'int main(void) { return 0; }'), image, login)

    /** A Docker configuration folder, which holds what a pull secret would. */
    const configure = async (as: RegistryLogin): Promise<string> => {
      const configuration = join(folder, `as-${as.password}`)
      await mkdir(configuration, { recursive: true, mode: 0o700 })
      await writeFile(join(configuration, 'config.json'), renderLogin(image, as), { mode: 0o600 })
      return configuration
    }
    return { folder, skopeo, crane, image, configure }
  })

for (const auth of registries) {
  await withRealPart(
    `skopeo and crane, and a registry that asks for ${auth.kind}`,
    () => startClients(auth),
    (clients) => {
      const { folder, skopeo, crane, image, configure } = clients
      const skopeoPull = async (as: RegistryLogin, target: string) => {
        const loginFile = join(await configure(as), 'config.json')
        const flags = ['--insecure-policy', '--src-tls-verify=false', `--authfile=${loginFile}`]
        return runProgram(skopeo, ['copy', ...flags, `docker://${image}`, `dir:${target}`])
      }
      const cranePull = async (as: RegistryLogin, target: string) =>
        runProgram(crane, ['pull', image, target], { environment: { DOCKER_CONFIG: await configure(as) } })

      suite(`at a real registry with ${auth.kind} auth`, () => {
        test('skopeo pulls a private image with a pull secret that pullpass rendered', async () => {
          const run = await skopeoPull(login, join(folder, 'by-skopeo'))

          assert.equal(run.exitCode, 0, run.stderr)
          assert.ok((await readdir(join(folder, 'by-skopeo'))).includes('manifest.json'))
        })

        test('crane pulls a private image with a pull secret that pullpass rendered', async () => {
          const run = await cranePull(login, join(folder, 'by-crane.tar'))

          assert.equal(run.exitCode, 0, run.stderr)
          assert.ok((await readdir(folder)).includes('by-crane.tar'))
        })

        test('skopeo is refused with a wrong password', async () => {
          const run = await skopeoPull(wrongLogin, join(folder, 'refused'))

          assert.equal(run.exitCode, 1)
          assert.match(run.stderr, /unauthorized: authentication required|invalid username\/password/)
        })

        test('crane is refused with a wrong password', async () => {
          const run = await cranePull(wrongLogin, join(folder, 'refused.tar'))

          assert.equal(run.exitCode, 1)
          assert.match(run.stderr, /UNAUTHORIZED: authentication required/)
        })
      })
    },
  )
}
