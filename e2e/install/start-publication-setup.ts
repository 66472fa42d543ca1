/**
 * The environment for tests of the publication gate: a real API server whose issuer metadata is in a store, and a Google that
 * trusts it.
 */
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { createGoogleCloud } from '../../sandbox/gcp/google-cloud.ts'
import { trustCluster } from '../../sandbox/gcp/trust-cluster.ts'
import { createCertificateAuthority } from '../../sandbox/serve/certificate-authority.ts'
import type { SandboxHandler } from '../../sandbox/serve/handler.ts'
import { servePart } from '../../sandbox/serve/serve-part.ts'
import { createMovableClock } from '../../sandbox/start/movable-clock.ts'
import { httpsTransport } from '../../src/http/https-transport.ts'
import { runPullpass } from '../../test/support/run-pullpass.ts'
import type { ServiceAccountKeys } from '../parts/control-plane/api-server-plan.ts'
import { type KubernetesRequest, requestAsAdmin } from '../parts/control-plane/request-kubernetes.ts'
import { findInstalledProgram } from '../parts/process/find-program.ts'
import { type PartContext, startPart } from '../parts/process/start-part.ts'
import type { RealPart } from '../parts/real-part.ts'
import { startControlPlane } from '../parts/start-control-plane.ts'
import type { InstallTarget } from './install.ts'
import type { PublicationStore, PublicationStoreContext } from './publication-stores.ts'

export interface PublicationSetup extends RealPart, InstallTarget {
  readonly store: PublicationStore
  /** Endpoints of this Google for a document. */
  readonly endpoints: { readonly sts: string; readonly iamCredentials: string }
  /** Publishes the cluster's keys with the operator's credentials. */
  readonly publish: () => Promise<void>
  readonly rotate: (keys: ServiceAccountKeys) => Promise<void>
  /** The number of public keys. */
  readonly countPublishedKeys: () => Promise<number>
}

export const provider = 'projects/123456789012/locations/global/workloadIdentityPools/pool/providers/cluster'
export const serviceAccountEmail = 'puller@example-project.iam.gserviceaccount.com'

export interface PublicationSetupOptions {
  readonly openStore: (needs: PublicationStoreContext) => Promise<PublicationStore>
  readonly keys: ServiceAccountKeys
  /** The subject whose tokens are exchanged. */
  readonly puller: string
}

/** @throws AbsentPart if a program does not exist */
export const startPublicationSetup = ({
  openStore,
  keys,
  puller,
}: PublicationSetupOptions): Promise<PublicationSetup> =>
  startPart('publication', async (context) => {
    const kubectl = findInstalledProgram('kubectl', 'kubernetes-client')
    const authority = await createCertificateAuthority()
    const google = createGoogleCloud({ now: () => new Date(), ca: authority.ca })
    const serve = async (handler: SandboxHandler) => {
      const part = await servePart({ handler, tls: { authority, http2: 'offered' } })
      context.defer(part.close)
      return part.url
    }
    const write = async (name: string, content: string) => {
      await writeFile(join(context.folder, name), content, { mode: 0o600 })
      return join(context.folder, name)
    }
    const endpoints = { sts: await serve(google.sts), iamCredentials: await serve(google.iamCredentials) }
    const store = await openStore({
      partContext: context,
      authority,
      google,
      stsUrl: endpoints.sts,
      provider,
      serve,
      write,
    })
    trustCluster(google, { provider, issuer: store.issuer, subject: puller, serviceAccountEmail })
    const environment = { ...store.environment, PULLPASS_CA_FILE: await write('google.crt', authority.ca) }
    return {
      ...(await startCluster(context, { store, keys, environment, write })),
      kubectl,
      folder: context.folder,
      environment,
      store,
      endpoints,
      async countPublishedKeys() {
        const { body } = await httpsTransport(
          {},
          authority.ca,
        )({
          method: 'GET',
          url: `${store.issuer}/openid/v1/jwks`,
          headers: {},
          maxBytes: 1 << 20,
          signal: AbortSignal.timeout(5_000),
        })
        const { keys: found }: { keys: object[] } = JSON.parse(body)
        return found.length
      },
    }
  })

interface ClusterOptions {
  readonly store: PublicationStore
  readonly keys: ServiceAccountKeys
  readonly environment: Readonly<Record<string, string>>
  readonly write: PublicationStoreContext['write']
}

async function startCluster(context: PartContext, { store, keys, environment, write }: ClusterOptions) {
  const plane = await context.use(startControlPlane({ issuer: store.issuer, keys }))
  const KUBECONFIG = await write('admin', plane.kubeconfig)
  return {
    apiServer: plane,
    admin: (request: KubernetesRequest) => requestAsAdmin(plane, request),
    async publish() {
      const clock = createMovableClock(() => new Date())
      const host = { environment: { ...environment, ...store.operator, KUBECONFIG }, clock }
      const { exitCode, stdout, stderr } = await runPullpass(host, ['issuer', 'publish', '--to', store.publishTo])
      if (exitCode !== 0) throw new Error(stdout + stderr)
    },
    rotate: async (changed: ServiceAccountKeys) => await plane.restart({ keys: changed }),
  }
}
