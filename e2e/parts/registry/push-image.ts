/** Pushes images to a registry on this machine, with skopeo. */

import { createHash } from 'node:crypto'
import { mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { renderDockerConfig } from '../../../src/credential/docker-config.ts'
import { Redacted } from '../../../src/text/redacted.ts'
import { findInstalledProgram } from '../process/find-program.ts'
import { runSuccessfully } from '../process/run-program.ts'
import type { RegistryLogin } from './start-token-server.ts'

/** A Docker archive. `image` is `localhost:PORT/NAME:TAG`. The login is passed in a file next to the archive: arguments are readable by all users. */
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

/** A dockerconfigjson with one login, rendered by pullpass, so that other clients verify its format. `image` is a reference or a host. */
export function renderLogin(image: string, { username, password }: RegistryLogin): string {
  const [host = image] = image.split('/')
  const expiresAt = new Date(Date.now() + 3_600_000)
  return renderDockerConfig([{ hosts: [host], username, password: new Redacted(password), expiresAt }]).reveal()
}

const oci = 'application/vnd.oci.image'
const platform = { os: 'linux', architecture: 's390x' }

/**
 * An image index without an image for this machine's platform. `folder` becomes an OCI layout.
 * https://github.com/opencontainers/image-spec/blob/v1.1.0/image-layout.md
 */
export async function pushOtherPlatformImage(folder: string, image: string, login: RegistryLogin): Promise<void> {
  const blobs = join(folder, 'layout', 'blobs', 'sha256')
  await mkdir(blobs, { recursive: true, mode: 0o700 })
  const put = async (mediaType: string, content: object | Buffer) => {
    const bytes = Buffer.isBuffer(content) ? content : Buffer.from(JSON.stringify(content))
    const hash = createHash('sha256').update(bytes).digest('hex')
    await writeFile(join(blobs, hash), bytes)
    return { mediaType, digest: `sha256:${hash}`, size: bytes.length }
  }
  const layer = await put(`${oci}.layer.v1.tar`, Buffer.alloc(1024))
  const rootfs = { type: 'layers', diff_ids: [layer.digest] }
  const config = await put(`${oci}.config.v1+json`, { ...platform, config: {}, rootfs })
  const head = { schemaVersion: 2, mediaType: `${oci}.manifest.v1+json` }
  const manifest = await put(`${oci}.manifest.v1+json`, { ...head, config, layers: [layer] })
  const index = { schemaVersion: 2, mediaType: `${oci}.index.v1+json`, manifests: [{ ...manifest, platform }] }
  const top = await put(`${oci}.index.v1+json`, index)
  const layout = join(folder, 'layout')
  await writeFile(join(layout, 'oci-layout'), JSON.stringify({ imageLayoutVersion: '1.0.0' }))
  await writeFile(join(layout, 'index.json'), JSON.stringify({ schemaVersion: 2, manifests: [top] }))
  const loginFile = join(folder, 'login.json')
  await writeFile(loginFile, renderLogin(image, login), { mode: 0o600 })
  const flags = ['--quiet', '--all', '--insecure-policy', '--dest-tls-verify=false', `--dest-authfile=${loginFile}`]
  await runSuccessfully(findInstalledProgram('skopeo', 'skopeo'), [
    'copy',
    ...flags,
    `oci:${layout}`,
    `docker://${image}`,
  ])
}
