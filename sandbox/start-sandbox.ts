/**
 * Starts every external service on one machine: a cluster, vendors that verify its tokens, and a registry that accepts the
 * credentials that they issue. The initial vendor also publishes the issuer metadata of the cluster.
 */
import type { Agent } from 'node:https'
import type { KubernetesApi } from './kubernetes/kubernetes-api.ts'
import type { ServerKeys } from './kubernetes/tokens/signing-keys.ts'
import { createOciRegistry, type OciRegistry } from './registry/oci-registry.ts'
import { packImage } from './registry/pack-image.ts'
import type { Authenticate } from './registry/token-endpoint.ts'
import { type CertificateAuthority, sharedAuthority } from './serve/certificate-authority.ts'
import type { TlsOptions } from './serve/open-server.ts'
import { type Part, servePart } from './serve/serve-part.ts'
import { createMovableClock, type MovableClock } from './start/movable-clock.ts'
import { openCluster, publishIssuer, seedCluster } from './start/open-cluster.ts'
import { createSandboxFolder, type SandboxFolder } from './start/sandbox-folder.ts'
import type { LoadSandboxVendor, SandboxCloud, SandboxContext } from './vendor.ts'
import { type InitialCloud, initialVendor, sandboxVendors } from './vendors.ts'

export interface SandboxOptions {
  /** The base of the sandbox's clock; absent: the system clock. */
  readonly now?: () => Date
  /** In addition to image-system; absent: default, team-a, team-b. */
  readonly namespaces?: readonly string[]
  /** `absent`: the store for the issuer metadata exists and is empty; absent: published. */
  readonly issuerDocuments?: 'published' | 'absent'
  /** `absent`: vendors have a repository, but do not trust the cluster; absent: set up. */
  readonly trust?: 'set-up' | 'absent'
  /** Whether the Kubernetes API offers HTTP/2; absent: offered. */
  readonly kubernetesHttp2?: TlsOptions['http2']
  /** Signs the parts' certificates; absent: the shared authority of this process. */
  readonly authority?: CertificateAuthority
  /** Of the cluster; absent: the shared key of this process, with which each sandbox verifies the tokens of the others. */
  readonly keys?: ServerKeys
  /** Cancels the start: parts that are open are closed, and the start fails with the reason of the signal. */
  readonly signal?: AbortSignal
  /** With which vendors connect to issuers whose names do not resolve to this machine; absent: directly. */
  readonly issuerAgent?: Agent
}

/** With the services of the initial vendor, under its identifier. */
export interface Sandbox extends AsyncDisposable, Readonly<Record<typeof initialVendor, InitialCloud>> {
  /** Each with its faults and the requests that it received; those of vendors are in their own `parts`. */
  readonly parts: Readonly<Record<'kubernetes' | 'registry', Part>>
  readonly cluster: KubernetesApi
  readonly images: OciRegistry
  readonly authority: CertificateAuthority
  /** Of the cluster's administrator. */
  readonly kubeconfig: string
  readonly clock: MovableClock
  readonly folder: Pick<SandboxFolder, 'path' | 'kubeconfigFile' | 'caFile' | 'tokenFile'>
  /** The drop-in variables, and those that direct clients to the sandbox instead of the real services of the started vendors. */
  readonly environment: Readonly<Record<string, string>>
  /** `localhost:PORT/example-project/images/hello:1`. */
  readonly image: string
  /** The service account, NAMESPACE/NAME, that its cloud trusts for the repository. */
  readonly trusted: { readonly serviceAccount: string; readonly repository: string }
  /** Starts the services of another vendor, which trusts the cluster like the initial one; call it once for each vendor. */
  readonly start: <Cloud extends SandboxCloud>(load: LoadSandboxVendor<Cloud>) => Promise<Cloud>
  /** Writes a new projected token, as the kubelet does; by default for the initial vendor, valid for an hour. */
  readonly writeToken: (options?: { audiences?: readonly string[]; lifeSeconds?: number }) => Promise<void>
  /** Writes the issuer metadata that the cluster currently serves into the initial vendor's store. */
  readonly publishIssuer: () => Promise<void>
  readonly close: () => Promise<void>
}

const serviceAccount = { namespace: 'image-system', name: 'pullpass' }
const boundObjects = {
  pod: { name: 'pullpass-29400120-x7k2p', uid: '5d0f3e0a-6f0e-4b7c-9d5b-2f1b7f6f9a01' },
  node: { name: 'node-1', uid: '8c1d2b34-0a5e-4c3f-8f6d-7e9a1b2c3d02' },
}
const subject = `system:serviceaccount:${serviceAccount.namespace}:${serviceAccount.name}`
const repository = 'example-project/images'

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
  const { namespaces = ['default', 'team-a', 'team-b'], kubernetesHttp2 = 'offered', keys, issuerAgent } = options
  const { issuerDocuments = 'published', trust = 'set-up' } = options
  const clock = createMovableClock(options.now ?? (() => new Date()))
  const authority = options.authority ?? (await sharedAuthority())
  const { write, writeToken, remove, ...folder } = await createSandboxFolder(authority.ca)
  onOpened(remove)
  const issuers = { ca: authority.ca, ...(issuerAgent && { agent: issuerAgent }) }
  const serve: SandboxContext['serve'] = async (handler) => {
    const part = await servePart({ handler, now: clock.now, tls: { authority, http2: 'offered' } })
    onOpened(part.close)
    return part
  }
  const context = { now: clock.now, authority, issuers, serve, write, subject, repository }
  const initial = await (await sandboxVendors[initialVendor]()).open(context)
  const clouds: SandboxCloud[] = [initial]

  // the issuer of the tokens is the URL at which clouds read the metadata
  const identity = { issuer: initial.issuerStore.url, ...(keys && { keys }) }
  const opened = await openCluster({ ...identity, now: clock.now, authority, http2: kubernetesHttp2 })
  onOpened(opened.part.close)
  const { cluster, kubeconfig } = opened
  await write('kubeconfig', kubeconfig)
  seedCluster(cluster, namespaces, serviceAccount)
  if (issuerDocuments === 'published') await publishIssuer(cluster, initial.issuerStore)
  if (trust === 'set-up') await initial.trust(cluster.issuer)

  const images = openImages(clouds, clock.now)
  const registry = await serve(images.handle)
  const environment = environmentOf(initial, { namespaces, folder, registry })
  const start: Sandbox['start'] = async (load) => {
    const cloud = await (await load()).open(context)
    clouds.push(cloud)
    Object.assign(environment, cloud.environment)
    if (trust === 'set-up') await cloud.trust(cluster.issuer)
    return cloud
  }
  const writeNewToken: Sandbox['writeToken'] = async (token) => {
    const standard = { ...serviceAccount, ...boundObjects, audiences: [initial.audience], lifeSeconds: 3600 }
    await writeToken(await cluster.signServiceAccountToken({ ...standard, ...token }))
  }
  await writeNewToken()
  return {
    [initialVendor]: initial,
    parts: { kubernetes: opened.part, registry },
    cluster,
    images,
    authority,
    kubeconfig,
    clock,
    folder,
    environment,
    image: `localhost:${registry.port}/${repository}/hello:1`,
    trusted: { serviceAccount: `${serviceAccount.namespace}/${serviceAccount.name}`, repository },
    start,
    writeToken: writeNewToken,
    publishIssuer: () => publishIssuer(cluster, initial.issuerStore),
  }
}

/** A registry with one image, which accepts the credentials of all vendors. */
function openImages(clouds: readonly SandboxCloud[], now: () => Date): OciRegistry {
  const authenticate: Authenticate = (credential) => {
    for (const cloud of clouds) {
      const holder = cloud.authenticate(credential)
      if (holder) return holder
    }
    return undefined
  }
  const images = createOciRegistry({ scheme: 'https', authenticate, now })
  images.putImage(`${repository}/hello`, '1', packImage({ 'hello.txt': 'Pulled without a password.\n' }))
  return images
}

interface Placed {
  readonly namespaces: readonly string[]
  readonly folder: Sandbox['folder']
  readonly registry: Part
}

function environmentOf(initial: SandboxCloud, { namespaces, folder, registry }: Placed): Record<string, string> {
  return {
    REGISTRY_SECRET_NAME: 'regcred',
    REGISTRY_SECRET_NAMESPACES: namespaces.join(','),
    REGISTRY_HOSTS: `localhost:${registry.port}`,
    KUBECONFIG: folder.kubeconfigFile,
    PULLPASS_TOKEN_FILE: folder.tokenFile,
    PULLPASS_CA_FILE: folder.caFile,
    NODE_EXTRA_CA_CERTS: folder.caFile, // for third-party clients
    ...initial.registryVariables,
    ...initial.environment,
  }
}
