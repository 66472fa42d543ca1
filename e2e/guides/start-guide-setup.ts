/**
 * The environment of a guide's commands: a cluster, a Google with project, repository and buckets but without trust, the
 * HTTPS proxy between them, and a shell with pullpass and kubectl. What the guide's own `sh cloud` blocks would create
 * (a bucket, a container) exists from the beginning.
 */
import { join } from 'node:path'
import { createCertificateAuthority } from '../../sandbox/serve/certificate-authority.ts'
import { type Sandbox, startSandbox } from '../../sandbox/start-sandbox.ts'
import { findInstalledProgram } from '../parts/process/find-program.ts'
import { freePort } from '../parts/process/free-port.ts'
import { type PartContext, startPart } from '../parts/process/start-part.ts'
import type { RealPart } from '../parts/real-part.ts'
import type { GuideCluster, GuideIssuers } from './guide-cluster.ts'
import { openRealCluster } from './open-real-cluster.ts'
import { openRegistries } from './open-registries.ts'
import { openSandboxCluster } from './open-sandbox-cluster.ts'
import { setUpHome, writeKubeconfig } from './set-up-home.ts'
import { simulateEvent } from './simulate-event.ts'
import { startAws } from './start-aws.ts'
import { startAzure } from './start-azure.ts'
import { type HttpsProxy, startHttpsProxy } from './start-https-proxy.ts'
import { type Shell, startShell } from './start-shell.ts'
import { vendorIssuers } from './vendor-issuers.ts'
import { createWebServer, type WebServer } from './web-server.ts'
import { writeOperatorCredentials } from './write-operator-credentials.ts'

export interface GuideSetup extends RealPart {
  readonly shell: Shell
  /** The working directory of the shell. */
  readonly folder: string
  /** Free ports by the ports that a guide uses. */
  readonly ports: Readonly<Record<string, string>>
  readonly unknownHosts: HttpsProxy['unknownHosts']
  /** @throws if the event is unknown */
  readonly simulateEvent: (event: string) => Promise<void>
}

const programs = { kubectl: 'kubernetes-client', skopeo: 'skopeo', curl: 'curl', jq: 'jq' }
/** Gardener's default issuer: it requires authentication, and its certificate is of the cluster's private authority. */
const gardenerIssuerHost = 'api.cluster.project.internal.example.com'

export type GuideCloud = 'aws' | 'azure'

export interface GuidePlan {
  readonly kind: GuideCluster['kind']
  /** Needed in addition to Google. */
  readonly clouds: readonly GuideCloud[]
  readonly issuers: GuideIssuers
}

/** @throws AbsentPart if a program does not exist. */
export const startGuideSetup = ({ kind, clouds, issuers }: GuidePlan): Promise<GuideSetup> =>
  startPart('guide', async (context) => {
    for (const [program, debianPackage] of Object.entries(programs)) findInstalledProgram(program, debianPackage)
    const { proxy, sandbox } = await startCloud(context)
    const cluster =
      kind === 'real'
        ? await openRealCluster(context.use, issuers)
        : await openSandboxCluster(sandbox, issuers.first, context.defer)
    const webServer = createWebServer()
    await serveNames(proxy, sandbox, { cluster, webServer })

    const home = join(context.folder, 'home')
    const { caFile } = sandbox.folder
    const azure = clouds.includes('azure') ? await startAzure(context, proxy, sandbox) : {}
    const environment = await setUpHome(home, {
      HTTPS_PROXY: proxy.url,
      NO_PROXY: '127.0.0.1,localhost',
      NODE_EXTRA_CA_CERTS: caFile,
      PULLPASS_CA_FILE: caFile,
      SSL_CERT_FILE: caFile,
      AWS_CA_BUNDLE: caFile,
      AWS_EC2_METADATA_DISABLED: 'true',
      ...(await writeOperatorCredentials(context.folder, sandbox.gcp.operator)),
      ...azure,
    })
    await writeKubeconfig(home, cluster)
    if (clouds.includes('aws')) await startAws(context, { home, proxy, sandbox })
    const shell = startShell({ scriptFolder: join(home, '.blocks'), cwd: home, environment })
    context.defer(shell.close)
    return {
      shell,
      folder: home,
      ports: { '8080': `${await freePort()}`, '8081': `${await freePort()}` },
      unknownHosts: proxy.unknownHosts,
      simulateEvent: (event) =>
        simulateEvent(event, { home, cluster, webServer, shell, openRegistry: openRegistries(proxy, sandbox) }),
    }
  })

async function startCloud({ defer }: PartContext): Promise<{ proxy: HttpsProxy; sandbox: Sandbox }> {
  const proxy = await startHttpsProxy()
  defer(proxy.close)
  const sandbox = await startSandbox({
    namespaces: ['default'],
    trust: 'absent',
    issuerDocuments: 'absent',
    issuerAgent: proxy.agent,
  })
  defer(sandbox.close)
  sandbox.gcp.store.putBucket('example-issuer', { access: 'public' })
  return { proxy, sandbox }
}

interface ClusterServers {
  readonly cluster: GuideCluster
  readonly webServer: WebServer
}

async function serveNames(proxy: HttpsProxy, sandbox: Sandbox, { cluster, webServer }: ClusterServers): Promise<void> {
  const { gcp, images, authority } = sandbox
  const handlers = {
    'sts.googleapis.com': gcp.sts,
    'iamcredentials.googleapis.com': gcp.iamCredentials,
    'iam.googleapis.com': gcp.iam,
    'artifactregistry.googleapis.com': gcp.artifactRegistry,
    'cloudresourcemanager.googleapis.com': gcp.resourceManager,
    'storage.googleapis.com': gcp.storage,
    'europe-docker.pkg.dev': images.handle,
    'oidc.example.com': webServer.handler,
    ...vendorIssuers(cluster),
  }
  await proxy.serve(handlers, authority)
  await proxy.serve({ [gardenerIssuerHost]: () => ({ status: 401 }) }, await createCertificateAuthority())
}
