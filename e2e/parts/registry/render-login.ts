/** A dockerconfigjson with one login, rendered by pullpass, so that other clients verify its format. */
import { renderDockerConfig } from '../../../src/credential/docker-config.ts'
import { Redacted } from '../../../src/text/redacted.ts'
import type { RegistryLogin } from './start-token-server.ts'

/** `image` is a reference or a host. */
export function renderLogin(image: string, { username, password }: RegistryLogin): string {
  const [host = image] = image.split('/')
  const expiresAt = new Date(Date.now() + 3_600_000)
  return renderDockerConfig([{ hosts: [host], username, password: new Redacted(password), expiresAt }]).reveal()
}
