/**
 * Installs Keycloak, an OAuth server of another project, from its package of Maven Central: https://www.keycloak.org/server/configuration.
 * The server is built for its features, and its database is created, so that a start takes 8 s of CPU instead of 15. Run as a
 * script it prints its folder.
 */
import { createHash } from 'node:crypto'
import { createReadStream } from 'node:fs'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { pipeline } from 'node:stream/promises'
import { cachedFolder } from './cached-folder.ts'
import { AbsentPart, runInstaller } from './run-installer.ts'

const version = '26.7.3'
const sha256 = '77657f30b7e90d70f727712ce1c967f430fd6a5e9f458d32d8c6df0635345f47'

const download = [
  '--quiet',
  '--batch-mode',
  'org.apache.maven.plugins:maven-dependency-plugin:2.8:copy',
  `-Dartifact=org.keycloak:keycloak-quarkus-dist:${version}:tar.gz`,
]
const buildOptions = [
  '--db=dev-file',
  '--features=client-auth-federated,kubernetes-service-accounts',
  '--features-disabled=account,account-api,admin,ciba,device-flow,impersonation,kerberos,organization,workflows',
]
const jvmOptions = [
  '-Xms128m',
  '-Xmx384m',
  '-XX:MaxMetaspaceSize=256m',
  '-XX:+UseSerialGC',
  '-XX:TieredStopAtLevel=1', // it runs for seconds
  '-Djava.util.concurrent.ForkJoinPool.common.threadFactory=io.quarkus.bootstrap.forkjoin.QuarkusForkJoinWorkerThreadFactory',
  ...['java.util', 'java.util.concurrent', 'java.security', 'java.lang'].map(
    (name) => `--add-opens=java.base/${name}=ALL-UNNAMED`,
  ),
]
/** Creates the database, and ends. */
const exportRealms = ['export', '--optimized', '--dir']
const recipe = [...download, sha256, ...buildOptions, ...exportRealms]

const remedy = 'apt-get install --no-install-recommends maven openjdk-17-jre-headless'

/** Its home folder: programs and libraries, and a database without a realm of its own in data/h2. @throws AbsentPart if it cannot be installed */
export const installKeycloak = (): Promise<string> =>
  cachedFolder(`keycloak-${version}`, recipe, async (folder) => {
    const downloads = await mkdtemp(join(tmpdir(), 'pullpass-keycloak-'))
    try {
      const to = [`-Dmaven.repo.local=${downloads}/repository`, `-DoutputDirectory=${downloads}`]
      await runInstaller('mvn', [...download, ...to], remedy)
      const archive = join(downloads, `keycloak-quarkus-dist-${version}.tar.gz`)
      await checkContent(archive)
      await runInstaller('tar', ['-xzf', archive, '--strip-components=1', '-C', folder], 'apt-get install tar')
    } finally {
      await rm(downloads, { recursive: true, force: true })
    }
    await runInstaller(join(folder, 'bin/kc.sh'), ['build', ...buildOptions], remedy)
    await runInstaller('java', [...keycloakArguments(folder), ...exportRealms, join(folder, 'exported')], remedy)
  })

/** The arguments of java, to which a command and its options are appended. Files are written only to `home`/data. */
export const keycloakArguments = (home: string): string[] => [
  ...jvmOptions,
  `-Dkc.home.dir=${home}`,
  '-cp',
  join(home, 'lib/quarkus-run.jar'),
  'io.quarkus.bootstrap.runner.QuarkusEntryPoint',
]

async function checkContent(archive: string): Promise<void> {
  const digest = createHash('sha256')
  await pipeline(createReadStream(archive), digest)
  const actual = digest.digest('hex')
  if (actual !== sha256) throw new AbsentPart(`the archive of Keycloak has the digest ${actual} instead of ${sha256}`)
}

if (import.meta.main) console.log(await installKeycloak())
