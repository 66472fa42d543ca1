/**
 * Keycloak with one realm, in which a Kubernetes cluster is an identity provider and a client authenticates with its tokens.
 * https://www.keycloak.org/docs/latest/server_admin/index.html
 */
import { cp, mkdir, symlink, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { CertificateAuthority } from '../../sandbox/serve/certificate-authority.ts'
import { installKeycloak, keycloakArguments } from '../../tools/real-parts/install-keycloak.ts'
import { findInstalledProgram } from './process/find-program.ts'
import { freePort } from './process/free-port.ts'
import { startPart } from './process/start-part.ts'
import { waitUntil } from './process/wait-until.ts'
import type { RealPart } from './real-part.ts'

export interface Keycloak extends RealPart {
  /** The issuer of the realm: `https://localhost:PORT/realms/images`. */
  readonly issuer: string
  readonly tokenEndpoint: string
}

interface KeycloakOptions {
  /** Signs the certificate of Keycloak, and that of the issuers of `identityProviders`. */
  readonly authority: CertificateAuthority
  readonly clients: readonly object[]
  readonly identityProviders: readonly object[]
}

const realm = 'images'

/** A client and an identity provider are written as in a realm's JSON. @throws AbsentPart if it cannot be installed */
export const startKeycloak = ({ authority, clients, identityProviders }: KeycloakOptions): Promise<Keycloak> =>
  startPart('keycloak', async ({ folder, start }) => {
    const java = findInstalledProgram('java', 'openjdk-17-jre-headless')
    const home = await prepareHome(await installKeycloak(), join(folder, 'home'))
    const write = async (name: string, content: string) => {
      await writeFile(join(folder, name), content, { mode: 0o600 })
      return join(folder, name)
    }
    const { certificate, key } = await authority.issueServerCertificate()
    const settings = { realm, enabled: true, accessTokenLifespan: 3600 }
    await writeFile(
      join(home, `data/import/${realm}.json`),
      JSON.stringify({ ...settings, clients, identityProviders }),
    )
    const port = await freePort()
    const url = `https://localhost:${port}`
    const { ended } = start(java, [
      ...keycloakArguments(home),
      'start',
      '--optimized',
      '--import-realm',
      '--cache=local',
      `--hostname=${url}`,
      '--http-host=127.0.0.1',
      `--https-port=${port}`,
      `--https-certificate-file=${await write('server.crt', certificate)}`,
      `--https-certificate-key-file=${await write('server.key', key)}`,
      `--truststore-paths=${await write('ca.crt', authority.ca)}`,
    ])
    const issuer = `${url}/realms/${realm}`
    await waitUntil('Keycloak', 90_000, async () => (await fetch(issuer)).ok || undefined, ended)
    return { issuer, tokenEndpoint: `${issuer}/protocol/openid-connect/token` }
  })

/** The installation without a copy of its libraries, and with a database of its own. */
async function prepareHome(installed: string, home: string): Promise<string> {
  await mkdir(join(home, 'data/import'), { recursive: true })
  await cp(join(installed, 'data/h2'), join(home, 'data/h2'), { recursive: true })
  for (const name of ['conf', 'lib', 'providers', 'themes']) await symlink(join(installed, name), join(home, name))
  return home
}
