/** Registry clients of other projects use what pullpass writes into a pull secret, with a real registry of either kind. */
import assert from 'node:assert/strict'
import { mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { suite, test } from 'node:test'
import { buildGoCommand } from '../../tools/real-parts/build-go-programs.ts'
import { findInstalledProgram } from '../parts/process/find-program.ts'
import { runProgram } from '../parts/process/run-program.ts'
import { startPart } from '../parts/process/start-part.ts'
import { withRealPart } from '../parts/real-part.ts'
import { renderLogin } from '../parts/registry/push-image.ts'
import type { RegistryLogin } from '../parts/registry/start-token-server.ts'
import { startPrivateImage } from '../parts/start-private-image.ts'

const login = { username: 'oauth2accesstoken', password: 'ya29.c.right' }
const wrongLogin = { username: 'oauth2accesstoken', password: 'ya29.c.wrong' }

/** Each client pulls the private image with a Docker configuration that has the content of a pull secret. */
const startClients = (kind: 'token' | 'basic') =>
  startPart('clients', async ({ folder, use }) => {
    const skopeo = findInstalledProgram('skopeo', 'skopeo')
    const crane = join(await buildGoCommand('crane'), 'crane')
    const { host, repository, tag } = await use(startPrivateImage(kind, login))
    const image = `${host}/${repository}:${tag}`

    const configure = async (as: RegistryLogin): Promise<string> => {
      const configuration = join(folder, as.password)
      await mkdir(configuration, { recursive: true, mode: 0o700 })
      await writeFile(join(configuration, 'config.json'), renderLogin(host, as), { mode: 0o600 })
      return configuration
    }
    return {
      async skopeo(as: RegistryLogin) {
        const configuration = await configure(as)
        const flags = ['--insecure-policy', '--src-tls-verify=false', `--authfile=${configuration}/config.json`]
        return runProgram(skopeo, ['copy', ...flags, `docker://${image}`, `dir:${configuration}/by-skopeo`])
      },
      async crane(as: RegistryLogin) {
        const configuration = await configure(as)
        const environment = { DOCKER_CONFIG: configuration }
        return runProgram(crane, ['pull', image, `${configuration}/by-crane.tar`], { environment })
      },
    }
  })

for (const kind of ['token', 'basic'] as const) {
  const name = `skopeo and crane at a real registry with ${kind} auth`
  const start = () => startClients(kind)
  await withRealPart(name, start, (clients) => {
    suite(name, () => {
      for (const client of ['skopeo', 'crane'] as const) {
        test(`${client} pulls a private image with what pullpass writes into a pull secret`, async () => {
          const { exitCode, stderr } = await clients[client](login)

          assert.equal(exitCode, 0, stderr)
        })

        test(`${client} is refused with a wrong password`, async () => {
          const { exitCode, stderr } = await clients[client](wrongLogin)

          assert.equal(exitCode, 1)
          assert.match(stderr, /unauthorized: authentication required|invalid username\/password/i)
        })
      }
    })
  })
}
