/** Pushes a Docker archive to a registry on this machine, with skopeo. */
import { writeFile } from 'node:fs/promises'
import { findInstalledProgram } from '../process/find-program.ts'
import { runSuccessfully } from '../process/run-program.ts'
import { renderLogin } from './render-login.ts'
import type { RegistryLogin } from './start-token-server.ts'

/** `image` is `localhost:PORT/NAME:TAG`. The login is passed in a file next to the archive: arguments are readable by all users. */
export async function pushImage(archive: string, image: string, login: RegistryLogin): Promise<void> {
  const skopeo = findInstalledProgram('skopeo', 'skopeo')
  const loginFile = `${archive}.login.json`
  await writeFile(loginFile, renderLogin(image, login), { mode: 0o600 })
  await runSuccessfully(skopeo, [
    'copy',
    '--quiet',
    '--insecure-policy',
    '--dest-tls-verify=false',
    `--dest-authfile=${loginFile}`,
    `docker-archive:${archive}`,
    `docker://${image}`,
  ])
}
