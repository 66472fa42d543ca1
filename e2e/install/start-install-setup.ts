/** The environment for tests of installations: a real API server whose keys the sandbox's Google trusts. */
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { createGoogleCloud, type GoogleCloud } from '../../sandbox/gcp/google-cloud.ts'
import { principalOf } from '../../sandbox/gcp/iam/workload-identity.ts'
import { createCertificateAuthority } from '../../sandbox/serve/certificate-authority.ts'
import type { SandboxHandler } from '../../sandbox/serve/handler.ts'
import { servePart } from '../../sandbox/serve/serve-part.ts'
import type { NamespacedName } from '../../src/document/document.ts'
import type { ControlPlanePlan } from '../parts/control-plane/api-server-plan.ts'
import {
  type ApiServer,
  type KubernetesRequest,
  type KubernetesResponse,
  requestAsAdmin,
} from '../parts/control-plane/request-kubernetes.ts'
import { anonymousIssuerDiscovery, clusterRoleBindings } from '../parts/control-plane/users.ts'
import { findInstalledProgram } from '../parts/process/find-program.ts'
import { type PartContext, startPart } from '../parts/process/start-part.ts'
import type { RealPart } from '../parts/real-part.ts'
import { startControlPlane } from '../parts/start-control-plane.ts'

export interface InstallSetup extends RealPart {
  readonly apiServer: ApiServer
  readonly kubectl: string
  /** Mode 0700. */
  readonly folder: string
  /** Endpoints of the sandbox's Google. */
  readonly environment: Readonly<Record<string, string>>
  /** Allows an account of the cluster to impersonate the Google service account that pulls. */
  readonly trust: (account: NamespacedName) => void
  /** As the cluster's admin. @throws unless it succeeds */
  readonly admin: (request: KubernetesRequest) => Promise<KubernetesResponse>
}

export const provider = 'projects/123456789012/locations/global/workloadIdentityPools/pool/providers/cluster'
export const serviceAccountEmail = 'puller@example-project.iam.gserviceaccount.com'

/** @throws AbsentPart if a program does not exist. */
export const startInstallSetup = (plan: Pick<ControlPlanePlan, 'controllers'> = {}): Promise<InstallSetup> =>
  startPart('install', async (context) => {
    const kubectl = findInstalledProgram('kubectl', 'kubernetes-client')
    const { issuer, ...apiServer } = await context.use(startControlPlane(plan))
    const admin = (request: KubernetesRequest) => requestAsAdmin(apiServer, request)
    await publishIssuer(admin)
    const google = createGoogleCloud({ now: () => new Date(), ca: apiServer.authority })
    google.identity.putProvider({ name: provider, issuerUri: issuer })
    google.accounts.put(serviceAccountEmail)
    return {
      apiServer,
      kubectl,
      folder: context.folder,
      environment: await serveGoogle(google, context),
      trust({ namespace, name }) {
        const principal = principalOf(provider, `system:serviceaccount:${namespace}:${name}`)
        google.accounts.allowTokens(serviceAccountEmail, principal)
      },
      admin,
    }
  })

/** Google reads issuer metadata anonymously. */
const publishIssuer = (admin: InstallSetup['admin']) =>
  admin({ method: 'POST', path: clusterRoleBindings, body: anonymousIssuerDiscovery })

async function serveGoogle(google: GoogleCloud, { folder, defer }: PartContext): Promise<InstallSetup['environment']> {
  const authority = await createCertificateAuthority()
  const serve = async (handler: SandboxHandler) => {
    const { url, close } = await servePart({ handler, tls: { authority, http2: 'offered' } })
    defer(close)
    return url
  }
  const caFile = join(folder, 'google.crt')
  await writeFile(caFile, authority.ca)
  return {
    PULLPASS_GCP_STS_ENDPOINT: await serve(google.sts),
    PULLPASS_GCP_IAM_CREDENTIALS_ENDPOINT: await serve(google.iamCredentials),
    PULLPASS_CA_FILE: caFile,
  }
}

/** HOST:PORT of the servers that receive tokens. */
export const googleHosts = ({ environment }: Pick<InstallSetup, 'environment'>): string[] =>
  ['PULLPASS_GCP_STS_ENDPOINT', 'PULLPASS_GCP_IAM_CREDENTIALS_ENDPOINT'].map(
    (name) => new URL(environment[name] ?? '').host,
  )
