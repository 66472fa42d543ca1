/** The sandbox's cluster: its API server on a socket, with namespaces, a ServiceAccount for pullpass and a kubeconfig. */
import { randomBytes } from 'node:crypto'
import { createKubernetesApi, type KubernetesApi } from '../kubernetes/kubernetes-api.ts'
import type { ServerKeys } from '../kubernetes/tokens/signing-keys.ts'
import type { CertificateAuthority } from '../serve/certificate-authority.ts'
import type { TlsOptions } from '../serve/open-server.ts'
import { type Part, servePart } from '../serve/serve-part.ts'
import type { IssuerStore } from '../vendor.ts'

export interface ServiceAccountName {
  readonly namespace: string
  readonly name: string
}

interface ClusterOptions {
  readonly issuer: string
  readonly now: () => Date
  readonly authority: CertificateAuthority
  readonly http2: TlsOptions['http2']
  readonly keys?: ServerKeys
}

interface OpenCluster {
  readonly cluster: KubernetesApi
  readonly part: Part
  /** Of the cluster's administrator. */
  readonly kubeconfig: string
}

const admin = 'kubernetes-admin'
/** Every API server's certificate contains the name of the Service, with which a client connects to a single server. */
export const apiServerNames: readonly string[] = ['localhost', '127.0.0.1', '::1', 'kubernetes.default.svc']
const issuerPaths = ['/openid/v1/jwks', '/.well-known/openid-configuration'] // keys first: the discovery document refers to them

export async function openCluster({ issuer, now, authority, http2, keys }: ClusterOptions): Promise<OpenCluster> {
  const token = randomBytes(32).toString('base64url')
  const tokens = { [token]: admin }
  const cluster = await createKubernetesApi({ issuer, now, ca: authority.ca, tokens, ...(keys && { keys }) })
  const tls = { authority, http2, clientCertificates: 'requested', serverNames: apiServerNames } as const
  const part = await servePart({ handler: cluster.handle, now, idle: 'ended', tls })
  cluster.registerServer(part.url)
  return { cluster, part, kubeconfig: renderKubeconfig(part.url, authority.ca, token) }
}

/** Creates namespaces and the ServiceAccount of pullpass in an empty cluster. */
export function seedCluster(cluster: KubernetesApi, namespaces: readonly string[], account: ServiceAccountName): void {
  for (const name of new Set([...namespaces, account.namespace]))
    if (!cluster.store.read('Namespace', '', name))
      cluster.seed({ apiVersion: 'v1', kind: 'Namespace', metadata: { name } })
  cluster.seed({ apiVersion: 'v1', kind: 'ServiceAccount', metadata: { ...account } })
}

/** Publishes the cluster's discovery document and JWKS, as it currently serves them. */
export async function publishIssuer(cluster: KubernetesApi, store: IssuerStore): Promise<void> {
  for (const path of issuerPaths) {
    const { status, headers, body } = await cluster.handle({
      method: 'GET',
      path,
      query: new URLSearchParams(),
      headers: { accept: '*/*' },
      body: Buffer.alloc(0),
      clientName: admin,
      signal: new AbortController().signal,
    })
    if (status !== 200 || typeof body !== 'string') throw new Error(`the cluster responded with ${status} for ${path}`)
    const contentType = headers?.['content-type'] ?? 'application/json'
    store.write(path.slice(1), { contentType, cacheControl: 'public, max-age=300', body })
  }
}

/** With a bearer token. https://kubernetes.io/docs/reference/config-api/kubeconfig.v1/ */
const renderKubeconfig = (server: string, ca: string, token: string): string => `apiVersion: v1
kind: Config
current-context: sandbox
clusters:
  - name: sandbox
    cluster:
      server: ${server}
      certificate-authority-data: ${Buffer.from(ca).toString('base64')}
users:
  - name: ${admin}
    user:
      token: ${token}
contexts:
  - name: sandbox
    context:
      cluster: sandbox
      user: ${admin}
`
