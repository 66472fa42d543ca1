/**
 * Starts every external service on one machine: a cluster, the bucket that publishes its issuer metadata, Google APIs that
 * verify its tokens, and a registry that accepts the access tokens of these APIs.
 */
import type { Agent } from 'node:https'
import { principalOf } from './gcp/iam/workload-identity.ts'
import { type Operator, signInOperator } from './gcp/operator.ts'
import { trustCluster } from './gcp/trust-cluster.ts'
import type { ServerKeys } from './kubernetes/tokens/signing-keys.ts'
import { packImage } from './registry/pack-image.ts'
import type { CertificateAuthority } from './serve/certificate-authority.ts'
import type { TlsOptions } from './serve/open-server.ts'
import { createMovableClock, type MovableClock } from './start/movable-clock.ts'
import { type OpenParts, openParts } from './start/open-parts.ts'
import { publishIssuer } from './start/publish-issuer.ts'
import { createSandboxFolder, type SandboxFolder } from './start/sandbox-folder.ts'
import { seedCluster } from './start/seed-cluster.ts'

export interface SandboxOptions {
  /** The base of the sandbox's clock; absent: the system clock. */
  readonly now?: () => Date
  /** In addition to image-system; absent: default, team-a, team-b. */
  readonly namespaces?: readonly string[]
  /** `absent`: the issuer's bucket exists and is empty; absent: published. */
  readonly issuerDocuments?: 'published' | 'absent'
  /** `absent`: the project and the repository exist, but no pool, service account or grant; absent: set up. */
  readonly trust?: 'set-up' | 'absent'
  /** Whether the Kubernetes API offers HTTP/2; absent: offered. */
  readonly kubernetesHttp2?: TlsOptions['http2']
  /** Signs the parts' certificates; absent: the shared authority of this process. */
  readonly authority?: CertificateAuthority
  /** Of the cluster; absent: the shared key of this process, with which each sandbox verifies the tokens of the others. */
  readonly keys?: ServerKeys
  /** Cancels the start: parts that are open are closed, and the start fails with the reason of the signal. */
  readonly signal?: AbortSignal
  /** With which Google connects to issuers whose names do not resolve to this machine; absent: directly. */
  readonly issuerAgent?: Agent
}

export interface Sandbox extends OpenParts, AsyncDisposable {
  readonly clock: MovableClock
  readonly folder: Pick<SandboxFolder, 'path' | 'kubeconfigFile' | 'caFile' | 'tokenFile'>
  /** The drop-in variables, and those that direct clients to the sandbox instead of the real services. */
  readonly environment: Readonly<Record<string, string>>
  /** May configure trust in Google Cloud; `environment` contains its credentials. */
  readonly operator: Operator
  /** Full resource name of the provider for the cluster, whether or not it exists. */
  readonly provider: string
  /** The IAM member of ServiceAccount image-system/pullpass. */
  readonly principal: string
  /** Full resource name of the image's repository. */
  readonly repository: string
  /** `localhost:PORT/example-project/images/hello:1`. */
  readonly image: string
  /** Writes a new projected token, as the kubelet does; by default for the provider, valid for an hour. */
  readonly writeToken: (options?: { audiences?: readonly string[]; lifeSeconds?: number }) => Promise<void>
  /** Writes the issuer metadata that the cluster currently serves into the bucket `gs://example-cluster`. */
  readonly publishIssuer: () => Promise<void>
  readonly close: () => Promise<void>
}

const admin = 'kubernetes-admin'
const serviceAccount = { namespace: 'image-system', name: 'pullpass' }
const boundObjects = {
  pod: { name: 'pullpass-29400120-x7k2p', uid: '5d0f3e0a-6f0e-4b7c-9d5b-2f1b7f6f9a01' },
  node: { name: 'node-1', uid: '8c1d2b34-0a5e-4c3f-8f6d-7e9a1b2c3d02' },
}
const subject = `system:serviceaccount:${serviceAccount.namespace}:${serviceAccount.name}`
const serviceAccountEmail = 'puller@example-project.iam.gserviceaccount.com'
const images = 'example-project/images'
const repository = 'projects/example-project/locations/europe/repositories/images'
const [projectNumber, poolId, providerId] = ['123456789012', 'pool', 'cluster'] as const
const provider = `projects/${projectNumber}/locations/global/workloadIdentityPools/${poolId}/providers/${providerId}`

export async function startSandbox(options: SandboxOptions = {}): Promise<Sandbox> {
  const opened: (() => Promise<void>)[] = []
  const close = async () => {
    await Promise.all(opened.map((closePart) => closePart()))
  }
  try {
    const sandbox = await createSandbox(options, (closePart) => {
      opened.push(closePart)
      options.signal?.throwIfAborted()
    })
    return { ...sandbox, close, [Symbol.asyncDispose]: close }
  } catch (error) {
    await close()
    throw error
  }
}

async function createSandbox(options: SandboxOptions, onOpened: (close: () => Promise<void>) => void) {
  const { namespaces = ['default', 'team-a', 'team-b'], kubernetesHttp2 = 'offered' } = options
  const { issuerDocuments = 'published', trust = 'set-up' } = options
  const clock = createMovableClock(options.now ?? (() => new Date()))
  const { issuerAgent: agent, authority, keys } = options
  const identity = { ...(authority && { authority }), ...(keys && { keys }) }
  const partsOptions = { now: clock.now, admin, kubernetesHttp2, onOpened, ...identity, ...(agent && { agent }) }
  const context = await openParts(partsOptions)
  const { cluster, google, parts } = context

  seedCluster(cluster, namespaces, serviceAccount)
  if (issuerDocuments === 'published') await publishIssuer(cluster, google.store, admin)
  const principal = setUpGoogle(context, trust)
  context.images.putImage(`${images}/hello`, '1', packImage({ 'hello.txt': 'Pulled without a password.\n' }))

  const { writeToken, write, remove, ...folder } = await createSandboxFolder(context.kubeconfig, context.authority.ca)
  onOpened(remove)
  const operator = await signInOperator(google, { stsUrl: parts.sts.url, now: clock.now, write })
  const writeNewToken: Sandbox['writeToken'] = async (token) => {
    const standard = {
      ...serviceAccount,
      ...boundObjects,
      audiences: [`//iam.googleapis.com/${provider}`],
      lifeSeconds: 3600,
    }
    await writeToken(await cluster.signServiceAccountToken({ ...standard, ...token }))
  }
  await writeNewToken()
  return {
    ...context,
    clock,
    folder,
    environment: { ...environmentOf(parts, folder, namespaces), ...operator.environment },
    operator,
    provider,
    principal,
    repository,
    image: `localhost:${parts.registry.port}/${images}/hello:1`,
    writeToken: writeNewToken,
    publishIssuer: () => publishIssuer(cluster, google.store, admin),
  }
}

/** Returns the principal of the ServiceAccount, whether or not it is trusted. */
function setUpGoogle({ google, cluster }: OpenParts, trust: 'set-up' | 'absent'): string {
  google.projects.put('example-project', projectNumber)
  google.repositories.put(repository)
  if (trust === 'absent') return principalOf(provider, subject)
  google.repositories.allowReading(images, `serviceAccount:${serviceAccountEmail}`)
  return trustCluster(google, { provider, issuer: cluster.issuer, subject, serviceAccountEmail })
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
  PULLPASS_GCP_IAM_ENDPOINT: parts.iam.url,
  PULLPASS_GCP_ARTIFACT_REGISTRY_ENDPOINT: parts.artifactRegistry.url,
  PULLPASS_GCP_RESOURCE_MANAGER_ENDPOINT: parts.resourceManager.url,
  PULLPASS_GCP_STORAGE_ENDPOINT: parts.storage.url,
  PULLPASS_CA_FILE: folder.caFile,
  NODE_EXTRA_CA_CERTS: folder.caFile, // for third-party clients
})
