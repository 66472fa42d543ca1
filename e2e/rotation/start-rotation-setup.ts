/**
 * The environment for key rotations while tokens are exchanged: a control plane with two API servers, a public bucket for its
 * issuer metadata, and a Google that trusts it.
 */
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { createGoogleCloud } from '../../sandbox/gcp/google-cloud.ts'
import { signInOperator } from '../../sandbox/gcp/operator.ts'
import { trustCluster } from '../../sandbox/gcp/trust-cluster.ts'
import { createCertificateAuthority } from '../../sandbox/serve/certificate-authority.ts'
import type { SandboxHandler } from '../../sandbox/serve/handler.ts'
import { servePart } from '../../sandbox/serve/serve-part.ts'
import { createMovableClock } from '../../sandbox/start/movable-clock.ts'
import type { ServiceAccountKeys } from '../parts/control-plane/api-server-plan.ts'
import { requestKubernetes } from '../parts/control-plane/request-kubernetes.ts'
import { renderKubeconfig } from '../parts/control-plane/users.ts'
import { type PartContext, startPart } from '../parts/process/start-part.ts'
import type { RealPart } from '../parts/real-part.ts'
import { startControlPlane } from '../parts/start-control-plane.ts'

export interface RotationServer {
  readonly url: string
  /** The path of a kubeconfig for the admin, with only this server. */
  readonly kubeconfigFile: string
  restart(keys: ServiceAccountKeys): Promise<void>
}

export interface RotationSetup extends RealPart {
  readonly servers: readonly [RotationServer, RotationServer]
  /** Endpoints of this Google, and the operator's credentials. */
  readonly environment: Readonly<Record<string, string>>
  readonly authority: string
  readonly folder: string
  readonly provider: string
  /** The public kids of the bucket. */
  readonly readPublishedKids: () => string[]
  /** A token for this Google, issued by that server, valid for an hour. */
  readonly mint: (server: RotationServer) => Promise<string>
  /** Enables Google's cache of the issuer metadata, for its max-age by Google's own clock. */
  readonly cacheDocuments: () => void
  readonly advanceGoogle: (ms: number) => void
  /** The response of Google to a token exchange. */
  readonly exchange: (token: string) => Promise<{ status: number; body: string }>
}

export const bucket = 'example-issuer'
const provider = 'projects/123456789012/locations/global/workloadIdentityPools/pool/providers/cluster'
const serviceAccountEmail = 'puller@example-project.iam.gserviceaccount.com'
const account = { namespace: 'image-system', name: 'pullpass' }

/** Both servers start with these keys. @throws AbsentPart if a program does not exist */
export const startRotationSetup = (keys: ServiceAccountKeys): Promise<RotationSetup> =>
  startPart('rotation', async (context) => {
    const authority = await createCertificateAuthority()
    const clock = createMovableClock(() => new Date())
    const google = createGoogleCloud({ now: clock.now, ca: authority.ca })
    const serve = async (handler: SandboxHandler) => {
      const part = await servePart({ handler, tls: { authority, http2: 'offered' } })
      context.defer(part.close)
      return part.url
    }
    const storage = await serve(google.storage)
    google.store.putBucket(bucket, { access: 'public' })
    const issuer = `${storage}/${bucket}`
    const subject = `system:serviceaccount:${account.namespace}:${account.name}`
    trustCluster(google, { provider, issuer, subject, serviceAccountEmail })
    const sts = await serve(google.sts)
    const write = async (name: string, content: string) => {
      await writeFile(join(context.folder, name), content, { mode: 0o600 })
      return join(context.folder, name)
    }
    const operator = await signInOperator(google, { stsUrl: sts, now: () => new Date(), write })
    const servers = await startServers(context, issuer, keys, write)
    return {
      ...servers,
      environment: {
        ...operator.environment,
        PULLPASS_GCP_STS_ENDPOINT: sts,
        PULLPASS_GCP_IAM_CREDENTIALS_ENDPOINT: await serve(google.iamCredentials),
        PULLPASS_GCP_STORAGE_ENDPOINT: storage,
        PULLPASS_CA_FILE: await write('google.crt', authority.ca),
      },
      authority: authority.ca,
      folder: context.folder,
      provider,
      readPublishedKids() {
        const text = google.store.find(bucket, 'openid/v1/jwks')?.bytes.toString() ?? '{"keys":[]}'
        const { keys: found }: { keys: { kid: string }[] } = JSON.parse(text)
        return found.map(({ kid }) => kid)
      },
      cacheDocuments: () => google.adjust({ issuerDocuments: 'cached' }),
      advanceGoogle: (ms) => clock.advance(`${Math.ceil(ms / 1000)} s`),
      exchange: async (token) => await exchange(google.sts, token),
    }
  })

async function startServers(
  context: PartContext,
  issuer: string,
  keys: ServiceAccountKeys,
  write: (name: string, content: string) => Promise<string>,
) {
  const plane = await context.use(startControlPlane({ issuer, keys }))
  const replica = await plane.startReplica()
  for (const namespace of [account.namespace, 'pullpass-system']) {
    await requestKubernetes(plane, {
      method: 'POST',
      path: '/api/v1/namespaces',
      body: { metadata: { name: namespace } },
    })
  }
  const accounts = `/api/v1/namespaces/${account.namespace}/serviceaccounts`
  await requestKubernetes(plane, { method: 'POST', path: accounts, body: { metadata: { name: account.name } } })
  const serverOf = async (
    name: string,
    server: Pick<typeof replica, 'server' | 'authority' | 'restart'>,
  ): Promise<RotationServer> => ({
    url: server.server,
    kubeconfigFile: await write(name, renderKubeconfig(server, plane.adminToken)),
    restart: async (changed) => await server.restart({ keys: changed }),
  })
  return {
    servers: [await serverOf('first', plane), await serverOf('second', replica)] as const,
    mint: async ({ url }: RotationServer) => {
      const { body } = await requestKubernetes(
        { ...plane, server: url },
        {
          method: 'POST',
          path: `${accounts}/${account.name}/token`,
          body: { spec: { audiences: [`//iam.googleapis.com/${provider}`], expirationSeconds: 3600 } },
        },
      )
      const { status }: { status: { token: string } } = JSON.parse(body)
      return status.token
    },
  }
}

/** As Google's own clients request it. RFC 8693 §2.1 */
async function exchange(sts: SandboxHandler, token: string): Promise<{ status: number; body: string }> {
  const form = new URLSearchParams({
    grant_type: 'urn:ietf:params:oauth:grant-type:token-exchange',
    audience: `//iam.googleapis.com/${provider}`,
    scope: 'https://www.googleapis.com/auth/cloud-platform',
    requested_token_type: 'urn:ietf:params:oauth:token-type:access_token',
    subject_token_type: 'urn:ietf:params:oauth:token-type:jwt',
    subject_token: token,
  })
  const { status, body } = await sts({
    method: 'POST',
    path: '/v1/token',
    query: new URLSearchParams(),
    headers: { 'content-type': 'application/x-www-form-urlencoded' },
    body: Buffer.from(form.toString()),
    signal: new AbortController().signal,
  })
  return { status, body: JSON.stringify(body) }
}
