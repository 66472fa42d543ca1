/**
 * Starts the whole outside on one machine: a cluster, the bucket that publishes its issuer's documents, Google's STS and
 * IAM Credentials that verify its tokens, and a registry that serves whoever holds a token that they granted.
 */
import { packImage } from './registry/pack-image.ts'
import type { TlsWanted } from './serve/open-server.ts'
import { createMovableClock, type MovableClock } from './start/movable-clock.ts'
import { type OpenParts, openParts } from './start/open-parts.ts'
import { publishIssuer } from './start/publish-issuer.ts'
import { createSandboxFolder, type SandboxFolder } from './start/sandbox-folder.ts'
import { seedCluster } from './start/seed-cluster.ts'
import { trustCluster } from './start/trust-cluster.ts'

export interface SandboxWanted {
  /** What the sandbox's clock starts from; absent: the machine's clock. */
  readonly now?: () => Date
  /** Beside image-system, which is always there; absent: default, team-a, team-b. */
  readonly namespaces?: readonly string[]
  /** Whether the Kubernetes API speaks HTTP/2; absent: offered. */
  readonly kubernetesHttp2?: TlsWanted['http2']
}

export interface Sandbox extends OpenParts, AsyncDisposable {
  readonly clock: MovableClock
  readonly folder: Pick<SandboxFolder, 'path' | 'kubeconfigFile' | 'caFile' | 'tokenFile'>
  /** The drop-in variables, and what leads to the sandbox in place of the real outside. */
  readonly environment: Readonly<Record<string, string>>
  /** Full resource name of the provider that believes the cluster. */
  readonly provider: string
  /** The IAM member that the ServiceAccount image-system/pullpass is. */
  readonly principal: string
  /** `localhost:PORT/example-project/images/hello:1`. */
  readonly image: string
  /** Writes the projected token anew, as the kubelet does; absent: for the provider, and for an hour. */
  readonly writeToken: (wanted?: { audiences?: readonly string[]; lifeSeconds?: number }) => Promise<void>
  /** Publishes the issuer's documents as the cluster serves them now. */
  readonly publishIssuer: () => Promise<void>
  readonly close: () => Promise<void>
}

const admin = 'kubernetes-admin'
const account = { namespace: 'image-system', name: 'pullpass' }
const bound = {
  pod: { name: 'pullpass-29400120-x7k2p', uid: '5d0f3e0a-6f0e-4b7c-9d5b-2f1b7f6f9a01' },
  node: { name: 'node-1', uid: '8c1d2b34-0a5e-4c3f-8f6d-7e9a1b2c3d02' },
}
const subject = `system:serviceaccount:${account.namespace}:${account.name}`
const serviceAccountEmail = 'puller@example-project.iam.gserviceaccount.com'
const repository = 'example-project/images'
const [projectNumber, poolId, providerId] = ['123456789012', 'pool', 'cluster']
const provider = `projects/${projectNumber}/locations/global/workloadIdentityPools/${poolId}/providers/${providerId}`

export async function startSandbox(wanted: SandboxWanted = {}): Promise<Sandbox> {
  const opened: (() => Promise<void>)[] = []
  const close = async () => {
    await Promise.all(opened.map((end) => end()))
  }
  try {
    const sandbox = await furnish(wanted, (end) => opened.push(end))
    return { ...sandbox, close, [Symbol.asyncDispose]: close }
  } catch (error) {
    await close()
    throw error
  }
}

async function furnish(wanted: SandboxWanted, opened: (end: () => Promise<void>) => void) {
  const { namespaces = ['default', 'team-a', 'team-b'], kubernetesHttp2 = 'offered' } = wanted
  const clock = createMovableClock(wanted.now ?? (() => new Date()))
  const outside = await openParts({ now: clock.now, admin, kubernetesHttp2, opened })
  const { cluster, bucket, google, images, parts } = outside

  seedCluster(cluster, namespaces, account)
  await publishIssuer(cluster, bucket, admin)
  const principal = trustCluster(google, { provider, issuer: cluster.issuer, subject, serviceAccountEmail })
  images.putImage(`${repository}/hello`, '1', packImage({ 'hello.txt': 'Pulled without a password.\n' }))
  images.allowReading(repository, `serviceAccount:${serviceAccountEmail}`)

  const { writeToken, remove, ...folder } = await createSandboxFolder(outside.kubeconfig, outside.authority.ca)
  opened(remove)
  const writeNewToken: Sandbox['writeToken'] = async (token) => {
    const standard = { ...account, ...bound, audiences: [`//iam.googleapis.com/${provider}`], lifeSeconds: 3600 }
    await writeToken(await cluster.signServiceAccountToken({ ...standard, ...token }))
  }
  await writeNewToken()
  return {
    ...outside,
    clock,
    folder,
    environment: environmentOf(parts, folder, namespaces),
    provider,
    principal,
    image: `localhost:${parts.registry.port}/${repository}/hello:1`,
    writeToken: writeNewToken,
    publishIssuer: () => publishIssuer(cluster, bucket, admin),
  }
}

const environmentOf = (parts: Sandbox['parts'], folder: Sandbox['folder'], namespaces: readonly string[]) => ({
  PROJECT_NUMBER: projectNumber,
  POOL_ID: poolId,
  PROVIDER_ID: providerId,
  SERVICE_ACCOUNT_EMAIL: serviceAccountEmail,
  REGISTRY_SECRET_NAME: 'regcred',
  REGISTRY_SECRET_NAMESPACES: namespaces.join(','),
  REGISTRY_HOSTS: `localhost:${parts.registry.port}`,
  KUBECONFIG: folder.kubeconfigFile,
  PULLPASS_TOKEN_FILE: folder.tokenFile,
  PULLPASS_GCP_STS_ENDPOINT: parts.sts.url,
  PULLPASS_GCP_IAM_CREDENTIALS_ENDPOINT: parts.iamCredentials.url,
  PULLPASS_CA_FILE: folder.caFile,
  NODE_EXTRA_CA_CERTS: folder.caFile, // for other people's clients
})
