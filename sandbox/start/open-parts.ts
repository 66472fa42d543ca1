/** Opens every part of the sandbox, without content, each on its own socket. */
import { randomBytes } from 'node:crypto'
import { createGoogleCloud, type GoogleCloud } from '../gcp/google-cloud.ts'
import type { IssuerConnection } from '../issuer/published-keys.ts'
import { createKubernetesApi, type KubernetesApi } from '../kubernetes/kubernetes-api.ts'
import type { ServerKeys } from '../kubernetes/tokens/signing-keys.ts'
import { createOciRegistry, type OciRegistry } from '../registry/oci-registry.ts'
import { type CertificateAuthority, sharedAuthority } from '../serve/certificate-authority.ts'
import type { SandboxHandler } from '../serve/handler.ts'
import type { TlsOptions } from '../serve/open-server.ts'
import { type Part, type PartOptions, servePart } from '../serve/serve-part.ts'
import { renderKubeconfig } from './render-kubeconfig.ts'

type PartName =
  | 'kubernetes'
  | 'storage'
  | 'sts'
  | 'iamCredentials'
  | 'iam'
  | 'artifactRegistry'
  | 'resourceManager'
  | 'serviceUsage'
  | 'registry'

export interface OpenParts {
  /** The servers, each with its faults and the requests that it received. */
  readonly parts: Readonly<Record<PartName, Part>>
  readonly cluster: KubernetesApi
  readonly google: GoogleCloud
  readonly images: OciRegistry
  readonly authority: CertificateAuthority
  /** Of the cluster's administrator. */
  readonly kubeconfig: string
}

export interface PartsOptions {
  readonly now: () => Date
  readonly admin: string
  readonly kubernetesHttp2: TlsOptions['http2']
  /** Absent: shared by the sandboxes of this process. */
  readonly authority?: CertificateAuthority
  readonly keys?: ServerKeys
  /** With which Google connects to issuers; absent: directly. */
  readonly agent?: IssuerConnection['agent']
  /** Called with each part's close function as soon as the part is open. */
  readonly onOpened: (close: () => Promise<void>) => void
}

const issuerBucket = 'example-cluster'
/** Every API server's certificate contains the name of the Service, with which a client connects to a single server. */
export const apiServerNames: readonly string[] = ['localhost', '127.0.0.1', '::1', 'kubernetes.default.svc']

type Serving = Partial<TlsOptions> & Pick<PartOptions, 'idle'>

export async function openParts(options: PartsOptions): Promise<OpenParts> {
  const { now, admin, kubernetesHttp2, onOpened, agent, keys } = options
  const authority = options.authority ?? (await sharedAuthority())
  const serve = async (handler: SandboxHandler, { idle = 'kept', ...tls }: Serving = {}) => {
    const part = await servePart({ handler, now, idle, tls: { authority, http2: 'offered', ...tls } })
    onOpened(part.close)
    return part
  }
  const google = createGoogleCloud({ now, ca: authority.ca, ...(agent && { agent }) })
  const storage = await serve(google.storage)
  google.store.putBucket(issuerBucket, { access: 'public' })
  const token = randomBytes(32).toString('base64url')
  const issuer = `${storage.url}/${issuerBucket}` // the issuer of the tokens is the URL at which clouds read the metadata
  const tokens = { [token]: admin }
  const cluster = await createKubernetesApi({ issuer, now, ca: authority.ca, tokens, ...(keys && { keys }) })
  const images = createOciRegistry({ scheme: 'https', holderOf: google.holderOf, readers: google.repositories, now })
  const parts = {
    kubernetes: await serve(cluster.handle, {
      http2: kubernetesHttp2,
      idle: 'ended',
      clientCertificates: 'requested',
      serverNames: apiServerNames,
    }),
    sts: await serve(google.sts),
    iamCredentials: await serve(google.iamCredentials),
    storage,
    iam: await serve(google.iam),
    artifactRegistry: await serve(google.artifactRegistry),
    resourceManager: await serve(google.resourceManager),
    serviceUsage: await serve(google.serviceUsage),
    registry: await serve(images.handle),
  }
  cluster.registerServer(parts.kubernetes.url)
  const kubeconfig = renderKubeconfig({ server: parts.kubernetes.url, ca: authority.ca, user: admin, token })
  return { parts, cluster, google, images, authority, kubeconfig }
}
