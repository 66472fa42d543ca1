/**
 * The environment of a guide's commands: a cluster, a Google with project, repository and buckets but without trust, the
 * internet between them, and a shell with pullpass and kubectl. What the guide's own `sh cloud` blocks would have made
 * (a bucket, a container) is there from the beginning.
 */
import { join } from 'node:path'
import { createCertificateAuthority } from '../../sandbox/serve/certificate-authority.ts'
import { type Sandbox, startSandbox } from '../../sandbox/start-sandbox.ts'
import { findInstalledProgram } from '../parts/ground/find-program.ts'
import { freePort } from '../parts/ground/free-port.ts'
import { type PartGround, startPart } from '../parts/ground/start-part.ts'
import type { RealPart } from '../parts/real-part.ts'
import { furnishHome, writeKubeconfig } from './furnish-home.ts'
import type { GuideCluster } from './guide-cluster.ts'
import { openRealCluster } from './open-real-cluster.ts'
import { openSandboxCluster } from './open-sandbox-cluster.ts'
import { createOwnWebServer, type OwnWebServer } from './own-web-server.ts'
import { playDirection } from './play-direction.ts'
import { signInAtGoogle } from './sign-in-at-google.ts'
import { startAws } from './start-aws.ts'
import { startAzure } from './start-azure.ts'
import { type Internet, startInternet } from './start-internet.ts'
import { type Shell, startShell } from './start-shell.ts'
import { vendorIssuers } from './vendor-issuers.ts'

export interface GuideStage extends RealPart {
  readonly shell: Shell
  /** Where the shell begins. */
  readonly folder: string
  /** Free ports by the ports that a guide uses. */
  readonly ports: Readonly<Record<string, string>>
  readonly unknownNames: Internet['unknown']
  /** @throws where there is no such stage direction */
  readonly direct: (direction: string) => Promise<void>
}

const programs = { kubectl: 'kubernetes-client', skopeo: 'skopeo', curl: 'curl', jq: 'jq' }
/** Gardener's default issuer: it requires authentication, and its certificate is of the cluster's private authority. */
const gardenersOwn = 'api.cluster.project.internal.example.com'
const firstIssuer = 'https://kubernetes.default.svc.cluster.local'

export type GuideCloud = 'aws' | 'azure'

/** `clouds`: what the guide needs beside Google. @throws AbsentPart where a program does not exist. */
export const startGuideStage = (kind: GuideCluster['kind'], clouds: readonly GuideCloud[]): Promise<GuideStage> =>
  startPart('guide', async (ground) => {
    for (const [program, debianPackage] of Object.entries(programs)) findInstalledProgram(program, debianPackage)
    const { internet, sandbox } = await startCloud(ground)
    const cluster =
      kind === 'real' ? await openRealCluster(ground.use) : await openSandboxCluster(sandbox, ground.defer)
    await cluster.signAs(firstIssuer, [])
    const ownWebServer = createOwnWebServer()
    await serveNames(internet, sandbox, { cluster, ownWebServer })

    const home = join(ground.folder, 'home')
    const { caFile } = sandbox.folder
    const azure = clouds.includes('azure') ? await startAzure(ground, internet, sandbox.authority) : {}
    const environment = await furnishHome(home, {
      HTTPS_PROXY: internet.proxy,
      NO_PROXY: '127.0.0.1,localhost',
      NODE_EXTRA_CA_CERTS: caFile,
      PULLPASS_CA_FILE: caFile,
      SSL_CERT_FILE: caFile,
      AWS_CA_BUNDLE: caFile,
      AWS_EC2_METADATA_DISABLED: 'true',
      ...(await signInAtGoogle(ground.folder, sandbox.operator)),
      ...azure,
    })
    await writeKubeconfig(home, cluster)
    if (clouds.includes('aws')) await startAws(ground, { home, internet, authority: sandbox.authority })
    const shell = startShell({ blocks: join(home, '.blocks'), cwd: home, environment })
    ground.defer(shell.close)
    return {
      shell,
      folder: home,
      ports: { '8080': `${await freePort()}`, '8081': `${await freePort()}` },
      unknownNames: internet.unknown,
      direct: (direction) => playDirection(direction, { home, cluster, ownWebServer, shell }),
    }
  })

async function startCloud({ defer }: PartGround): Promise<{ internet: Internet; sandbox: Sandbox }> {
  const internet = await startInternet()
  defer(internet.close)
  const sandbox = await startSandbox({
    namespaces: ['default'],
    trust: 'absent',
    issuerDocuments: 'absent',
    issuerAgent: internet.agent,
  })
  defer(sandbox.close)
  sandbox.google.store.putBucket('example-issuer', { access: 'public' })
  return { internet, sandbox }
}

interface Reached {
  readonly cluster: GuideCluster
  readonly ownWebServer: OwnWebServer
}

async function serveNames(internet: Internet, sandbox: Sandbox, { cluster, ownWebServer }: Reached): Promise<void> {
  const { google, images, authority } = sandbox
  const handlers = {
    'sts.googleapis.com': google.sts,
    'iamcredentials.googleapis.com': google.iamCredentials,
    'iam.googleapis.com': google.iam,
    'artifactregistry.googleapis.com': google.artifactRegistry,
    'cloudresourcemanager.googleapis.com': google.resourceManager,
    'storage.googleapis.com': google.storage,
    'europe-docker.pkg.dev': images.handle,
    'oidc.example.com': ownWebServer.handler,
    ...vendorIssuers(cluster),
  }
  await internet.serve(handlers, authority)
  await internet.serve({ [gardenersOwn]: () => ({ status: 401 }) }, await createCertificateAuthority())
}
